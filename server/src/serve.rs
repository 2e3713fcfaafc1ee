//! `domovoi serve`: start, address, shutdown.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use axum::serve::ListenerExt;
use domovoi_agents::{Agents, AgentsConfig};
use domovoi_models::LanguageModel;
use tokio::net::TcpListener;

use crate::{
    Domovoi, ServeError, agents,
    config::{Config, ConfigError},
    gateway, model, upkeep, web,
};

/// How long running answers may go on after a request to stop; what is cut off is in the journal.
const GRACE: Duration = Duration::from_secs(5);

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
    let claimed = claimed.service(gateway);
    let builder = agents::register(claimed, &config, &model, domovoi.tools);
    let builder = domovoi.registrations.into_iter().fold(builder, |builder, add| add(builder));
    let agents = builder.build()?;

    let app = web::router(&config, agents.clone(), &model);
    announce(address);
    tracing::info!(%address, data_dir = %config.data_dir.display(), "serving");
    let stopping = {
        let agents = agents.clone();
        async move {
            stop_requested().await;
            tracing::info!("stopping");
            agents.shutdown(GRACE).await;
        }
    };
    axum::serve(listener, app).with_graceful_shutdown(stopping).await?;
    Ok(())
}

/// Tells the person, and programs that start this one, where the page is.
#[allow(clippy::print_stdout, reason = "the address is this program's output")]
fn announce(address: std::net::SocketAddr) {
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
