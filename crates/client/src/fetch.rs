//! HTTP requests to an agent.

#[cfg(not(target_arch = "wasm32"))]
use std::sync::LazyLock;

use domovoi_protocol::{UiMessage, chat::MessageVersions};
use serde::de::DeserializeOwned;

use crate::{AgentOptions, ClientError, chat::HistoryPage, options::with_query};

/// A request to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct FetchRequest {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// Body text.
    pub body: Option<String>,
}

impl FetchRequest {
    /// A `GET`.
    pub fn get() -> Self {
        Self { method: "GET".to_owned(), headers: Vec::new(), body: None }
    }

    /// A `POST` of JSON.
    pub fn post_json(body: &serde_json::Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { method: "POST".to_owned(), headers, body: Some(body.to_string()) }
    }

    /// Adds a header field.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// An agent's answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchResponse {
    /// HTTP status code.
    pub status: u16,
    /// Body text.
    pub body: String,
}

impl FetchResponse {
    /// The body read as JSON.
    ///
    /// # Errors
    /// [`ClientError::Status`] where the status is not one of success, [`ClientError::Decode`]
    /// where the body does not have this type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        if !(200..300).contains(&self.status) {
            return Err(ClientError::Status { status: self.status, body: self.body.clone() });
        }
        domovoi_protocol::json::read(&self.body).map_err(ClientError::Decode)
    }
}

/// Sends an HTTP request to `path` under the agent. In a browser it goes through `fetch`.
///
/// # Errors
/// [`ClientError::Http`] where no answer came; an answer with an error status is an answer.
pub async fn agent_fetch(
    options: &AgentOptions,
    path: &str,
    request: FetchRequest,
) -> Result<FetchResponse, ClientError> {
    send(&options.http_url(path), request).await
}

/// The conversation as the agent has it.
///
/// # Errors
/// Those of [`agent_fetch`] and of [`FetchResponse::json`].
pub async fn fetch_messages(options: &AgentOptions) -> Result<Vec<UiMessage>, ClientError> {
    agent_fetch(options, "get-messages", FetchRequest::get()).await?.json()
}

/// The newest page of the conversation or, with `before`, the page before the message with that
/// id; at most `limit` messages.
///
/// # Errors
/// Those of [`fetch_messages`].
pub async fn fetch_page(
    options: &AgentOptions,
    before: Option<&str>,
    limit: usize,
) -> Result<HistoryPage, ClientError> {
    let one_more = limit.saturating_add(1).to_string();
    let pairs = [("limit", one_more.as_str())].into_iter();
    let pairs = pairs.chain(before.map(|id| ("before", id)));
    let path = with_query("get-messages".to_owned(), pairs);
    let messages = agent_fetch(options, &path, FetchRequest::get()).await?.json()?;
    Ok(HistoryPage::newest_of(messages, limit))
}

/// The messages of the conversation that have several versions, oldest first.
///
/// # Errors
/// Those of [`agent_fetch`] and of [`FetchResponse::json`].
pub async fn fetch_versions(options: &AgentOptions) -> Result<Vec<MessageVersions>, ClientError> {
    agent_fetch(options, "get-versions", FetchRequest::get()).await?.json()
}

fn failed(error: impl std::fmt::Display) -> ClientError {
    ClientError::Http(error.to_string())
}

#[cfg(target_arch = "wasm32")]
async fn send(url: &str, request: FetchRequest) -> Result<FetchResponse, ClientError> {
    use gloo_net::http::{Method, RequestBuilder};

    let method = request.method.parse::<Method>().map_err(failed)?;
    let mut builder = RequestBuilder::new(url).method(method);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let built = match request.body {
        Some(body) => builder.body(body).map_err(failed)?,
        None => builder.build().map_err(failed)?,
    };
    let response = built.send().await.map_err(failed)?;
    Ok(FetchResponse { status: response.status(), body: response.text().await.map_err(failed)? })
}

#[cfg(not(target_arch = "wasm32"))]
async fn send(url: &str, request: FetchRequest) -> Result<FetchResponse, ClientError> {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).map_err(failed)?;
    // Making one costs far more than a request; its connections belong to a runtime and are not kept.
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap_or_default()
    });
    let mut builder = CLIENT.request(method, url);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    if let Some(body) = request.body {
        builder = builder.body(body);
    }
    let response = builder.send().await.map_err(failed)?;
    let status = response.status().as_u16();
    Ok(FetchResponse { status, body: response.text().await.map_err(failed)? })
}
