//! Everything over HTTP: pages, assets, agents, health, figures, highlighting, formulas, what an installed
//! page needs, who may ask.

mod assets;
mod guard;
mod health;
mod highlight;
mod install;
mod math;
mod metrics;
mod page;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use domovoi_agents::Agents;
use domovoi_models::{LanguageModel, gateway::Gateway};

use self::metrics::Metrics;
use crate::config::Config;

pub(crate) use assets::has_assets;

/// Largest request to `/api`, in bytes.
const MAX_BODY_BYTES: usize = 1 << 20;

/// The whole application.
pub(crate) fn router(
    config: &Config,
    agents: Agents,
    gateway: Gateway,
    model: &Arc<dyn LanguageModel>,
) -> Router {
    let api = Router::new()
        .route("/api/highlight", post(highlight::highlight))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    let metrics = Metrics::new(agents.clone(), gateway);
    let guard = guard::Guard::new(&config.allowed_hosts);
    page::routes(agents.clone(), model)
        .merge(api)
        .merge(install::routes())
        .merge(agents.routes())
        .merge(health::routes(config, agents, model))
        .merge(metrics.routes(config.metrics.access))
        .route("/assets/{file}", get(assets::serve))
        .layer(middleware::from_fn_with_state(metrics, metrics::observe))
        .layer(middleware::from_fn_with_state(guard, guard::check))
}
