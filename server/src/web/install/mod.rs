//! What makes the page an application that can be installed: its manifest, and a worker that has a
//! page for when the server cannot be reached.

use axum::{Json, Router, response::IntoResponse, routing::get};
use domovoi_app::language::Lang;
use http::{HeaderMap, HeaderValue, header};
use serde_json::json;

use super::assets;

/// Shown by the worker where the server does not answer; it asks again by itself.
const OFFLINE_PAGE: &str = include_str!("offline.html");

/// The browser keeps it and runs it between the page and the network.
const WORKER: &str = include_str!("worker.js");

/// A worker and a page are asked for anew, or an old one would outlive its server.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// The routes of the manifest, the worker and its page.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/manifest.webmanifest", get(manifest))
        .route("/service-worker.js", get(worker))
        .route("/offline", get(offline))
}

async fn manifest() -> impl IntoResponse {
    let icon = |name: &str, size: &str| json!({ "src": assets::address(name), "sizes": size, "type": "image/png", "purpose": "any maskable" });
    let kind = HeaderValue::from_static("application/manifest+json");
    let manifest = json!({
        "id": "/",
        "name": "Domovoi",
        "short_name": "Domovoi",
        "description": "Stateful AI agents on your own machine",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fbf9f6",
        "theme_color": "#fbf9f6",
        "icons": [icon("icon-192.png", "192x192"), icon("icon-512.png", "512x512")],
    });
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, NO_CACHE)], Json(manifest))
}

async fn worker() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8")),
        (header::CACHE_CONTROL, NO_CACHE),
        // What the worker itself may do: ask this server.
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; connect-src 'self'; frame-ancestors 'none'",
            ),
        ),
    ];
    (headers, WORKER)
}

async fn offline(headers: HeaderMap) -> impl IntoResponse {
    let lang = Lang::of(&headers);
    let words = [
        ("{lang}", lang.name()),
        ("{title}", lang.not_reachable()),
        ("{heading}", lang.domovoi_cannot_be_reached()),
        ("{words}", lang.nothing_is_lost()),
        ("{again}", lang.try_now()),
    ];
    let page =
        words.iter().fold(OFFLINE_PAGE.to_owned(), |page, (place, text)| page.replace(place, text));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, NO_CACHE),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                 frame-ancestors 'none'",
            ),
        ),
    ];
    (headers, page)
}
