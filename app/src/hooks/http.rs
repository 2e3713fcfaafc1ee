//! Requests to the server, in the browser. Elsewhere nothing is asked: the server renders from
//! its own data.

use domovoi_client::{AgentOptions, chat::HistoryPage};
use domovoi_protocol::chat::MessageVersions;

use crate::types::{HighlightRequest, HighlightResponse};

/// The newest page of a conversation, or the one before the message `before`; nothing where it
/// could not be had.
#[cfg(target_arch = "wasm32")]
pub async fn history(options: &AgentOptions, before: Option<&str>) -> Option<HistoryPage> {
    domovoi_client::fetch_page(options, before, HistoryPage::SIZE).await.ok()
}

/// The newest page of a conversation, or the one before the message `before`; nothing where it
/// could not be had.
#[cfg(not(target_arch = "wasm32"))]
pub async fn history(_options: &AgentOptions, _before: Option<&str>) -> Option<HistoryPage> {
    None
}

/// The messages of a conversation that have several versions; nothing where that could not be had.
#[cfg(target_arch = "wasm32")]
pub async fn versions(options: &AgentOptions) -> Option<Vec<MessageVersions>> {
    domovoi_client::fetch_versions(options).await.ok()
}

/// The messages of a conversation that have several versions; nothing where that could not be had.
#[cfg(not(target_arch = "wasm32"))]
pub async fn versions(_options: &AgentOptions) -> Option<Vec<MessageVersions>> {
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
