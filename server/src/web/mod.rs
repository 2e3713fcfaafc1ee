//! Everything over HTTP: pages, assets, agents, health, highlighting, who may ask.

mod assets;
mod guard;
mod highlight;
mod page;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use domovoi_agents::Agents;
use domovoi_models::LanguageModel;
use serde_json::{Value, json};

use crate::config::Config;

pub(crate) use assets::has_assets;

/// Largest request to `/api`, in bytes.
const MAX_BODY_BYTES: usize = 1 << 20;

/// The whole application.
pub(crate) fn router(config: &Config, agents: Agents, model: &Arc<dyn LanguageModel>) -> Router {
    let api = Router::new()
        .route("/api/highlight", post(highlight::highlight))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    let guard = guard::Guard::new(&config.allowed_hosts);
    page::routes(agents.clone(), model)
        .merge(api)
        .merge(agents.routes())
        .route("/healthz", get(health))
        .route("/assets/{file}", get(assets::serve))
        .layer(middleware::from_fn_with_state(guard, guard::check))
}

async fn health() -> Json<Value> {
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}
