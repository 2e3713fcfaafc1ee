//! One HTTP request, without retries of what was answered.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Body, Response};
use serde_json::Value;

use super::endpoint::Endpoint;
use super::failure;
use super::lines::{MAX_EVENT_BYTES, whole_lines};
use crate::ModelError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A model may think for as long as it likes, but the other machine must be there: after so much
/// silence the kernel asks it, and what is not answered for [`DEAD_AFTER`] is over.
const PROBE_AFTER: Duration = Duration::from_secs(15);
const PROBE_EVERY: Duration = Duration::from_secs(5);
const PROBES: u32 = 3;
const DEAD_AFTER: Duration = Duration::from_secs(30);
/// An error page may be long; only its beginning is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// Images come as text of four thirds their size.
const MAX_JSON_BYTES: usize = 64 * 1024 * 1024;

/// What a request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// Server-sent events.
    Events,
    /// One JSON object.
    Json,
}

/// Sends a request once. `async-openai`'s own service tries again for up to minutes; a person
/// waiting in front of a chat is better served by the error, and a gateway knows what else to do.
#[derive(Clone)]
pub(super) struct Transport {
    client: reqwest::Client,
    endpoint: Endpoint,
    expected: Expected,
}

impl Transport {
    pub(super) fn new(endpoint: Endpoint, expected: Expected) -> Result<Self, ModelError> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(PROBE_AFTER)
            .tcp_keepalive_interval(PROBE_EVERY)
            .tcp_keepalive_retries(PROBES);
        #[cfg(target_os = "linux")]
        let client = client.tcp_user_timeout(DEAD_AFTER);
        let client = client
            .user_agent(concat!("domovoi/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ModelError::Unavailable(format!("No HTTP client: {error}")))?;
        Ok(Self { client, endpoint, expected })
    }

    pub(super) fn http_client(&self) -> reqwest::Client {
        self.client.clone()
    }

    async fn send(self, request: HttpRequestFactory) -> Result<Response, OpenAIError> {
        let response = match self.client.execute(request.build().await?).await {
            // Servers close connections that were kept for another request; one that goes out at
            // that moment was never looked at.
            Err(error) if was_closed(&error) => self.client.execute(request.build().await?).await?,
            response => response?,
        };
        let status = response.status();
        let is = |kind| content_type(&response).is_some_and(|found| found.starts_with(kind));
        let is_json = is("application/json");
        match self.expected {
            // Endpoints that name no type get the benefit of the doubt.
            Expected::Events if status.is_success() && !is_json && !is("text/html") => {
                return Ok(with_whole_lines(response));
            }
            Expected::Json if status.is_success() && !is("text/html") => {
                return Ok(with_body(response, MAX_JSON_BYTES).await.0);
            }
            _ => {}
        }
        let limit = if status.is_success() { MAX_EVENT_BYTES } else { MAX_ERROR_BYTES };
        let (response, body) = with_body(response, limit).await;
        if status.is_success()
            && is_json
            && let Some(event) = as_event(&body)
        {
            return Ok(with(&response, Body::from(event)));
        }
        let refusal = failure::refusal(status, response.headers(), &body, &self.endpoint);
        Err(OpenAIError::Boxed(Box::new(refusal)))
    }
}

impl tower::Service<HttpRequestFactory> for Transport {
    type Response = Response;
    type Error = OpenAIError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, OpenAIError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Self::Future {
        let transport = self.clone();
        Box::pin(transport.send(request))
    }
}

/// Whether the connection was closed before anything of an answer came.
fn was_closed(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_incomplete_message();
        }
        cause = error.source();
    }
    false
}

fn content_type(response: &Response) -> Option<&str> {
    response.headers().get(CONTENT_TYPE)?.to_str().ok()
}

/// The response with its body cut into whole lines, none of them too long.
fn with_whole_lines(response: Response) -> Response {
    let head = with(&response, Body::default());
    with(&head, Body::wrap_stream(whole_lines(response.bytes_stream())))
}

/// The response with its body read, up to about `limit` bytes.
async fn with_body(mut response: Response, limit: usize) -> (Response, Vec<u8>) {
    let mut body = Vec::new();
    // A body that breaks off still says more than none.
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > limit {
            break;
        }
    }
    (with(&response, Body::from(body.clone())), body)
}

/// A response with the head of another one.
fn with(response: &Response, body: Body) -> Response {
    let mut head = http::Response::new(body);
    *head.status_mut() = response.status();
    head.headers_mut().clone_from(response.headers());
    head.headers_mut().remove(CONTENT_LENGTH);
    head.into()
}

/// A whole completion, from an endpoint that does not stream although it was asked to, as the
/// only event of a stream.
fn as_event(body: &[u8]) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    json.get("choices")?;
    Some(format!("data: {json}\n\n"))
}
