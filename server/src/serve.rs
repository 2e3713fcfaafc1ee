//! `domovoi serve`: start, address, shutdown.

use std::{io::ErrorKind, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::ListenerExt;
use domovoi_agents::{Agents, AgentsConfig};
use domovoi_models::LanguageModel;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    Domovoi, ServeError, agents,
    config::{Config, ConfigError},
    gateway, model, upkeep, web,
};

/// How long connections may take to end once the agents have stopped.
const CLOSING: Duration = Duration::from_secs(3);

/// Serves until the process is told to stop.
pub(crate) async fn run(domovoi: Domovoi, config: Config) -> Result<(), ServeError> {
    if !config.listen.ip().is_loopback() {
        return Err(ServeError::NotLoopback(config.listen));
    }
    let listener = TcpListener::bind(config.listen).await.map_err(|source| {
        if source.kind() == ErrorKind::AddrInUse {
            ServeError::AddressInUse(config.listen)
        } else {
            ServeError::Listen { address: config.listen, source }
        }
    })?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // Two frames in a row must not wait for the client's acknowledgement of the first.
        let _ = stream.set_nodelay(true);
    });
    // The folder is claimed before the model starts to download into it.
    let mut settings = AgentsConfig::new(&config.data_dir);
    settings.durability = config.durability;
    settings.allowed_origins.clone_from(&config.allowed_origins);
    let claimed = Agents::builder(settings).claim()?;
    upkeep::prepare(&config.data_dir)?;
    let gateway = gateway::open(&config, &config.data_dir)?;
    let model = gateway.model(gateway::DEFAULT_ROUTE).ok_or(ConfigError::NoModelName)?;
    let model: Arc<dyn LanguageModel> = Arc::new(model);
    tokio::spawn(model::log_progress(model.status()));
    let claimed = claimed.service(gateway.clone());
    let builder = agents::register(claimed, &config, &model, domovoi.tools);
    let builder = domovoi.registrations.into_iter().fold(builder, |builder, add| add(builder));
    let agents = builder.build()?;

    let app = web::router(&config, agents.clone(), gateway, &model);
    announce(address);
    tracing::info!(%address, data_dir = %config.data_dir.display(), "serving");
    let grace = Duration::from_secs(config.grace_seconds);
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, app)
        .with_graceful_shutdown(async move { stopped.cancelled().await })
        .into_future();
    let stopping = async {
        stop_requested().await;
        tracing::info!("stopping");
        // New requests are answered meanwhile: who asks `/readyz` is to be told.
        let agents_ended = timeout(grace + CLOSING, agents.shutdown(grace)).await.is_ok();
        stop.cancel();
        tokio::time::sleep(CLOSING).await;
        agents_ended
    };
    tokio::select! {
        served = serving => served?,
        agents_ended = stopping => {
            tracing::warn!(agents_ended, "some connections did not end in time");
        }
    }
    tracing::info!("stopped");
    Ok(())
}

/// Tells the person, and programs that start this one, where the page is.
#[allow(clippy::print_stdout, reason = "the address is this program's output")]
fn announce(address: SocketAddr) {
    println!("listening on http://{address}");
}

/// Completes when the process is asked to stop: Ctrl-C, or SIGTERM where there is one.
async fn stop_requested() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
