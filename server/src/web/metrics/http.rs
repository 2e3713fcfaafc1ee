//! Requests by route, status and time: as figures, and as spans.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::Method;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};
use tracing::Instrument;

/// What is told of a request. The route is the template, never the address: names of
/// conversations are in addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

/// Time until an answer begins; how long a stream goes on is not part of it.
#[derive(Debug, Clone)]
pub(crate) struct HttpRequests(Family<RequestLabels, Histogram, fn() -> Histogram>);

impl Default for HttpRequests {
    fn default() -> Self {
        Self(Family::new_with_constructor(seconds))
    }
}

/// From what a static file takes to what somebody stops waiting for.
fn seconds() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

impl HttpRequests {
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Time until the answer to a request begins";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, self.0.clone());
    }
}

/// Counts each request that passes.
pub(in crate::web) async fn observe(
    State(requests): State<HttpRequests>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        target: "domovoi_trace",
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
    );
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    let labels = RequestLabels { method, route, status: response.status().as_u16() };
    requests.0.get_or_create(&labels).observe(began.elapsed().as_secs_f64());
    response
}

/// Clients can make up methods; each would be a series of its own.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| method == known).unwrap_or("other")
}
