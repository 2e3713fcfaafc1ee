//! Everything over HTTP: pages, assets, agents, health, figures, highlighting, formulas, diagrams, what
//! agents have stored, what an installed page needs, what browsers report, signing in, who may ask.

mod assets;
mod compress;
mod csp_report;
mod deep;
mod diagram;
mod guard;
mod health;
mod highlight;
mod inspect;
mod install;
mod math;
mod metrics;
mod page;
mod people;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{any, get, post},
};
use domovoi_agents::Agents;
use domovoi_models::{
    LanguageModel,
    gateway::{Gateway, Payer},
};

use self::metrics::Metrics;
use crate::{api, config::Config, languages, people::People};

pub(crate) use assets::has_assets;
pub(crate) use metrics::HttpRequests;
pub(crate) use people::{Entrance, bearer, watch};

/// Largest request to `/api`, in bytes.
const MAX_BODY_BYTES: usize = 1 << 20;

/// What a home answers to requests: pages with its data, its agents.
pub(crate) fn home(
    agents: &Agents,
    payer: &Payer,
    model: &Arc<dyn LanguageModel>,
    requests: &HttpRequests,
    people: &Arc<People>,
) -> Router {
    let api = Router::new()
        .route("/api/highlight", post(highlight::highlight))
        .merge(inspect::routes(agents.clone(), Arc::clone(people)))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    page::routes(agents.clone(), payer.clone(), model)
        .layer(middleware::from_fn(compress::compress))
        .merge(api)
        .merge(agents.routes())
        .layer(middleware::from_fn_with_state(requests.clone(), metrics::observe))
}

/// The whole application: what is the same for everybody, and the gate to everybody's home for all
/// the rest. A route that is not named here is nobody's who is not signed in.
pub(crate) fn router(
    config: &Config,
    entrance: Arc<Entrance>,
    gateway: Gateway,
    model: &Arc<dyn LanguageModel>,
    requests: &HttpRequests,
) -> Router {
    let (people, homes) = (Arc::clone(entrance.people()), Arc::clone(entrance.homes()));
    let api = api::routes(gateway.clone(), people, homes, &config.allowed_origins);
    let metrics = Metrics::new(Arc::clone(entrance.homes()), gateway, requests);
    people::guarded(&entrance)
        .merge(health::routes(config, entrance.homes(), model))
        .merge(metrics.routes(config.metrics.access))
        .merge(install::routes())
        .merge(csp_report::routes())
        .merge(api)
        .route("/assets/{file}", get(assets::serve))
        .layer(middleware::from_fn_with_state(requests.clone(), metrics::observe))
        .fallback_service(
            any(people::enter).layer(middleware::from_fn(languages::refusals)).with_state(entrance),
        )
        .layer(middleware::from_fn_with_state(guard::Guard::new(config), guard::check))
}
