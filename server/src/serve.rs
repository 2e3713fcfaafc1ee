//! `domovoi serve`: start, address, shutdown.

use std::{io::ErrorKind, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::ListenerExt;
use domovoi_agents::Agents;
use domovoi_models::LanguageModel;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    Domovoi, ServeError,
    config::{Config, ConfigError, PublicUrl},
    gateway,
    homes::{Homes, agents_config},
    model,
    people::{People, typeable},
    recipe::Recipe,
    upkeep, web,
};

/// How long connections may take to end once the agents have stopped.
const CLOSING: Duration = Duration::from_secs(3);

/// Serves until the process is told to stop.
pub(crate) async fn run(domovoi: Domovoi, config: Config, setup: bool) -> Result<(), ServeError> {
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
    let claimed = Agents::builder(agents_config(&config, config.data_dir.clone())).claim()?;
    upkeep::prepare(&config.data_dir)?;
    let people = Arc::new(People::open(&config.data_dir)?);
    let setup_code = setup_code(&people, &config, setup)?;
    let gateway = gateway::open(&config, &config.data_dir)?;
    let model = gateway.model(gateway::DEFAULT_ROUTE).ok_or(ConfigError::NoModelName)?;
    let model: Arc<dyn LanguageModel> = Arc::new(model);
    tokio::spawn(model::log_progress(model.status()));
    let requests = web::HttpRequests::default();
    let recipe = Recipe {
        config: config.clone(),
        domovoi,
        gateway: gateway.clone(),
        model: Arc::clone(&model),
        requests: requests.clone(),
        people: Arc::clone(&people),
    };
    let homes = Arc::new(Homes::open(recipe, claimed)?);
    if let Some(owner) = people.owner()? {
        homes.owner_is(&owner.name);
    }
    let everybody = people.everybody()?;
    let entrance = web::Entrance::new(
        &config,
        people,
        Arc::clone(&homes),
        gateway.clone(),
        setup_code.clone(),
    )?;
    let entrance = Arc::new(entrance);
    entrance.apply_quotas()?;
    let app = web::router(&config, Arc::clone(&entrance), gateway, &model, &requests);
    tokio::spawn(web::watch(entrance));
    let waking = Arc::clone(&homes);
    tokio::spawn(async move { waking.wake(&everybody).await });
    if let Some(code) = setup_code {
        announce_code(&code);
    }
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
        let agents_ended = timeout(grace + CLOSING, homes.shutdown(grace)).await.is_ok();
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

/// The code that the owner makes their account with, where it is wanted and nobody has one. Without
/// either the server is for this machine alone.
fn setup_code(people: &People, config: &Config, setup: bool) -> Result<Option<String>, ServeError> {
    let is_local = config.listen.ip().is_loopback();
    let is_secure = config.public_url.as_ref().is_some_and(PublicUrl::is_secure);
    if !is_local && !is_secure {
        tracing::warn!(
            "passwords and conversations go over the network unencrypted: put a proxy with TLS \
             before it, and set `public_url`"
        );
    }
    match (people.has_accounts()?, setup) {
        (true, _) => Ok(None),
        (false, true) => Ok(Some(typeable::<12>()?)),
        (false, false) if is_local => Ok(None),
        (false, false) => Err(ServeError::NobodyToSignIn(config.listen)),
    }
}

/// Tells the person at the terminal, and nobody else.
#[allow(clippy::print_stdout, reason = "the code is this program's output")]
fn announce_code(code: &str) {
    println!("set-up code: {code}  (make the owner's account with it at /setup)");
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
