//! Requests to the server, in the browser. Elsewhere nothing is asked: the server renders from
//! its own data.

use domovoi_client::AgentOptions;
use domovoi_protocol::UiMessage;

use crate::types::{HighlightRequest, HighlightResponse};

/// The history of a conversation; nothing where it could not be had.
#[cfg(target_arch = "wasm32")]
pub async fn history(options: &AgentOptions) -> Option<Vec<UiMessage>> {
    domovoi_client::fetch_messages(options).await.ok()
}

/// The history of a conversation; nothing where it could not be had.
#[cfg(not(target_arch = "wasm32"))]
pub async fn history(_options: &AgentOptions) -> Option<Vec<UiMessage>> {
    None
}

/// Highlighted code; nothing where it could not be had.
#[cfg(target_arch = "wasm32")]
pub async fn highlight(request: &HighlightRequest) -> Option<HighlightResponse> {
    let request = gloo_net::http::Request::post("/api/highlight").json(request).ok()?;
    let response = request.send().await.ok().filter(gloo_net::http::Response::ok)?;
    response.json().await.ok()
}

/// Highlighted code; nothing where it could not be had.
#[cfg(not(target_arch = "wasm32"))]
pub async fn highlight(_request: &HighlightRequest) -> Option<HighlightResponse> {
    None
}
