//! One HTTP request without retries, and what its failures mean.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::endpoint::Endpoint;
use crate::ModelError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Finds a peer that vanished while it was silent.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// An error page may be long; only its beginning is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// Of which a person is shown this much.
const MAX_MESSAGE_CHARS: usize = 300;

/// Sends a request once. `async-openai`'s own service tries again for up to minutes; a person
/// waiting in front of a chat is better served by the error.
#[derive(Clone)]
pub(super) struct Transport {
    client: reqwest::Client,
    endpoint: Endpoint,
}

impl Transport {
    pub(super) fn new(endpoint: Endpoint) -> Result<Self, ModelError> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(KEEP_ALIVE)
            .user_agent(concat!("domovoi/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ModelError::Unavailable(format!("No HTTP client: {error}")))?;
        Ok(Self { client, endpoint })
    }

    pub(super) fn http_client(&self) -> reqwest::Client {
        self.client.clone()
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
        let Self { client, endpoint } = self.clone();
        Box::pin(async move {
            let request = request.build().await?;
            let response = client.execute(request).await?;
            if response.status().is_success() && is_event_stream(&response) {
                return Ok(response);
            }
            Err(OpenAIError::Boxed(Box::new(refusal(response, &endpoint).await)))
        })
    }
}

/// Whether the answer may be a stream; endpoints that name no type get the benefit of the doubt.
fn is_event_stream(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_none_or(|kind| !kind.starts_with("text/html") && !kind.starts_with("application/json"))
}

/// What an answer means that is not a stream.
async fn refusal(mut response: Response, endpoint: &Endpoint) -> ModelError {
    let status = response.status();
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return ModelError::Unauthorized { endpoint: endpoint.address().to_owned() };
    }
    let mut body = Vec::new();
    // A body that breaks off still says more than none.
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ERROR_BYTES {
            break;
        }
    }
    let body = String::from_utf8_lossy(&body);
    let json: Value = serde_json::from_str(&body).unwrap_or_default();
    if let Some(error) = context_exceeded(&json) {
        return error;
    }
    let message = match provider_message(&json) {
        Some(message) => message,
        None if status.is_success() => format!(
            "it did not answer with a stream. Is {} the address of an OpenAI-compatible API?",
            endpoint.address()
        ),
        None => status.canonical_reason().unwrap_or("no reason given").to_owned(),
    };
    let message = shorten(&endpoint.without_key(&message));
    let message = format!("{message} (HTTP {})", status.as_u16());
    ModelError::Provider { status: Some(status.as_u16()), message }
}

/// What it means that a stream did not start.
pub(super) fn start_error(error: OpenAIError, endpoint: &Endpoint) -> ModelError {
    match error {
        OpenAIError::Boxed(error) => match error.downcast::<ModelError>() {
            Ok(error) => *error,
            Err(error) => ModelError::Interrupted(Some(error)),
        },
        OpenAIError::Reqwest(error) => ModelError::Unreachable {
            endpoint: endpoint.address().to_owned(),
            source: Box::new(error.without_url()),
        },
        other => ModelError::Provider { status: None, message: shorten(&other.to_string()) },
    }
}

/// The words of an error object, which is `{"error": {"message": …}}` by the book and
/// `{"error": "…"}` or `{"message": …}` elsewhere.
pub(super) fn provider_message(json: &Value) -> Option<String> {
    let error = json.get("error").unwrap_or(json);
    let message = error.get("message").or_else(|| error.get("detail")).unwrap_or(error);
    message.as_str().map(str::trim).filter(|message| !message.is_empty()).map(shorten)
}

/// llama.cpp's server gives both numbers; others say it in prose, which is passed on as it is.
fn context_exceeded(json: &Value) -> Option<ModelError> {
    let error = json.get("error")?;
    let number = |name| usize::try_from(error.get(name)?.as_u64()?).ok();
    Some(ModelError::ContextExceeded {
        tokens: number("n_prompt_tokens")?,
        limit: number("n_ctx")?,
    })
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn error_objects_of_several_shapes_are_understood() {
        for json in [
            json!({"error": {"message": " no ", "code": 400}}),
            json!({"error": "no"}),
            json!({"message": "no"}),
            json!({"detail": "no"}),
        ] {
            assert_eq!(provider_message(&json).as_deref(), Some("no"), "{json}");
        }
        assert_eq!(provider_message(&Value::Null), None);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        assert_eq!(shorten(&"ä".repeat(400)).chars().count(), MAX_MESSAGE_CHARS + 1);
    }
}
