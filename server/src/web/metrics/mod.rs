//! Figures for Prometheus. Labels are routes, states and numbers: nothing a person wrote or is
//! called by.
//!
//! | file | what is in it |
//! |---|---|
//! | `http` | requests by route, status and time |
//! | `figures` | agents, turns and models, read when somebody asks |
//! | `access` | who may ask |

mod access;
mod figures;
mod http;

use std::{fmt, sync::Arc};

use ::http::{StatusCode, header};
use axum::{
    Router,
    extract::State,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use domovoi_models::gateway::Gateway;
use prometheus_client::{encoding::text::encode, registry::Registry};

use self::figures::Figures;
use crate::{config::MetricsAccess, homes::Homes};

pub(crate) use self::http::HttpRequests;
pub(super) use self::http::observe;

/// OpenMetrics, which is what Prometheus asks for first.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All figures of this process. Cheap to clone.
#[derive(Clone)]
pub(super) struct Metrics {
    registry: Arc<Registry>,
}

impl Metrics {
    pub(super) fn new(homes: Arc<Homes>, gateway: Gateway, requests: &HttpRequests) -> Self {
        let mut registry = Registry::with_prefix("domovoi");
        requests.register(&mut registry);
        registry.register_collector(Box::new(Figures { homes, gateway }));
        Self { registry: Arc::new(registry) }
    }

    /// `GET /metrics`.
    pub(super) fn routes(&self, access: MetricsAccess) -> Router {
        Router::new()
            .route("/metrics", get(metrics))
            .route_layer(middleware::from_fn_with_state(access, access::check))
            .with_state(self.clone())
    }
}

async fn metrics(State(metrics): State<Metrics>) -> Result<Response, StatusCode> {
    let mut text = String::new();
    encode(&mut text, &metrics.registry).map_err(|fmt::Error| {
        tracing::error!("the figures cannot be written");
        StatusCode::INTERNAL_SERVER_ERROR
    })?;
    let headers = [(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, text).into_response())
}
