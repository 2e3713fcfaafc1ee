//! Whether the process is up, and whether it can work: for whoever restarts it or sends it requests.

use std::{io, io::Write, path::PathBuf, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use domovoi_models::{LanguageModel, ModelReadiness, ModelStatus};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{config::Config, homes::Homes};

/// What is looked at.
#[derive(Clone)]
struct Health {
    homes: Arc<Homes>,
    data_dir: PathBuf,
    model: watch::Receiver<ModelStatus>,
}

/// `GET /healthz` and `GET /readyz`.
pub(super) fn routes(
    config: &Config,
    homes: &Arc<Homes>,
    model: &Arc<dyn LanguageModel>,
) -> Router {
    let homes = Arc::clone(homes);
    let data_dir = config.data_dir.clone();
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).with_state(Health {
        homes,
        data_dir,
        model: model.status(),
    })
}

/// The process is up: it answers.
async fn healthz() -> Response {
    answer(StatusCode::OK, &json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}

/// Whether agents can work. A model that is not there does not count: pages say so, and
/// conversations can be read.
async fn readyz(State(health): State<Health>) -> Response {
    let model = model_state(&health.model.borrow().readiness);
    if health.homes.is_stopping() {
        let body = json!({"status": "stopping", "model": model});
        return answer(StatusCode::SERVICE_UNAVAILABLE, &body);
    }
    let data_dir = health.data_dir;
    let written = tokio::task::spawn_blocking(move || write(data_dir)).await;
    if let Err(error) = written.map_err(io::Error::other).flatten() {
        tracing::warn!(%error, "not ready: the data folder cannot be written");
        let body = json!({"status": "data_dir_unwritable", "model": model});
        return answer(StatusCode::SERVICE_UNAVAILABLE, &body);
    }
    answer(StatusCode::OK, &json!({"status": "ready", "model": model}))
}

/// Writes to a file in the folder that is gone afterwards; a full disk is found in this way.
fn write(data_dir: PathBuf) -> io::Result<()> {
    let mut file = tempfile::tempfile_in(data_dir)?;
    file.write_all(&[0; 4096])?;
    file.sync_data()
}

fn model_state(readiness: &ModelReadiness) -> &'static str {
    match readiness {
        ModelReadiness::Downloading { .. } => "downloading",
        ModelReadiness::Ready => "ready",
        ModelReadiness::Failed { .. } => "failed",
        _ => "loading",
    }
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, no_store, Json(body)).into_response()
}
