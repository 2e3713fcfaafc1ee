//! What an endpoint's failures mean.

use std::time::{Duration, SystemTime};

use async_openai::error::{OpenAIError, StreamError};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::assemble::number;
use super::endpoint::Endpoint;
use crate::ModelError;

/// Of an endpoint's words a person is shown this much.
const MAX_MESSAGE_CHARS: usize = 300;

/// What an answer means that is not the one asked for.
pub(super) fn refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    endpoint: &Endpoint,
) -> ModelError {
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return ModelError::Unauthorized { endpoint: endpoint.address().to_owned() };
    }
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    if let Some(error) = context_exceeded(&json) {
        return error;
    }
    let words = provider_message(&json).map(|words| shorten(&endpoint.without_key(&words)));
    if status == StatusCode::TOO_MANY_REQUESTS {
        return ModelError::RateLimited {
            retry_after: retry_after(headers, SystemTime::now()),
            message: words,
        };
    }
    let message = words.unwrap_or_else(|| match status.is_success() {
        true => format!(
            "it did not answer as an OpenAI-compatible API does. Is {} the address of one?",
            endpoint.address()
        ),
        false => status.canonical_reason().unwrap_or("no reason given").to_owned(),
    });
    let message = format!("{message} (HTTP {})", status.as_u16());
    ModelError::Provider { status: Some(status.as_u16()), message }
}

/// When to try again, as the endpoint wants it: seconds, or a date of HTTP. OpenAI has
/// milliseconds too.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |text: &str| Duration::try_from_secs_f64(text.parse().ok()?).ok();
    if let Some(milliseconds) = text("retry-after-ms").and_then(seconds) {
        return Some(milliseconds / 1000);
    }
    let after = text(RETRY_AFTER.as_str())?;
    seconds(after).or_else(|| {
        let date = httpdate::parse_http_date(after).ok()?;
        Some(date.duration_since(now).unwrap_or_default())
    })
}

/// What an error object in the middle of a stream means.
pub(super) fn in_stream(error: &Value) -> ModelError {
    let words = provider_message(error);
    let field = |name| error.get(name);
    let status = field("code").or_else(|| field("status")).and_then(number);
    let names_limit = |name| field(name).and_then(Value::as_str).is_some_and(is_rate_limit);
    if status == Some(429) || names_limit("code") || names_limit("type") {
        return ModelError::RateLimited { retry_after: None, message: words };
    }
    ModelError::Provider {
        status: status.and_then(|status| u16::try_from(status).ok()),
        message: words.unwrap_or_else(|| "no reason given".to_owned()),
    }
}

/// The error without the key, should the endpoint repeat it in its words.
pub(super) fn without_key(mut error: ModelError, endpoint: &Endpoint) -> ModelError {
    match &mut error {
        ModelError::Provider { message, .. }
        | ModelError::RateLimited { message: Some(message), .. } => {
            *message = endpoint.without_key(message);
        }
        _ => {}
    }
    error
}

fn is_rate_limit(name: &str) -> bool {
    name.contains("rate_limit") || name == "RESOURCE_EXHAUSTED"
}

/// What it means that nothing of an answer came.
pub(super) fn nothing() -> ModelError {
    ModelError::Provider { status: None, message: "the answer was empty".to_owned() }
}

/// What it means that an answer did not start.
pub(super) fn at_start(error: OpenAIError, endpoint: &Endpoint) -> ModelError {
    match error {
        OpenAIError::Boxed(error) => match error.downcast::<ModelError>() {
            Ok(error) => *error,
            Err(error) => ModelError::Interrupted(Some(error)),
        },
        // A connection that was made and then broke: the endpoint is there.
        OpenAIError::Reqwest(error) if !error.is_connect() && error.is_body() => {
            ModelError::Interrupted(Some(Box::new(error.without_url())))
        }
        OpenAIError::Reqwest(error) => ModelError::Unreachable {
            endpoint: endpoint.address().to_owned(),
            source: Box::new(error.without_url()),
        },
        OpenAIError::JSONDeserialize(error, _) => garbage(&error),
        other => ModelError::Provider { status: None, message: shorten(&other.to_string()) },
    }
}

/// What a failure in the middle of a stream means.
pub(super) fn midway(error: OpenAIError) -> ModelError {
    match error {
        OpenAIError::JSONDeserialize(error, _) => garbage(&error),
        // The client crate keeps only the text of what its parser said.
        OpenAIError::StreamError(error) if is_garbage(&error) => garbage("it is not text"),
        other => ModelError::Interrupted(Some(Box::new(other))),
    }
}

fn is_garbage(error: &StreamError) -> bool {
    let StreamError::EventStream(text) = error else { return false };
    text.starts_with("UTF8 error") || text.starts_with("Parse error")
}

fn garbage(what: impl std::fmt::Display) -> ModelError {
    let message = format!("it sent something that is not a chat completion ({what})");
    ModelError::Provider { status: None, message }
}

/// The words of an error object, which is `{"error": {"message": …}}` by the book and
/// `{"error": "…"}` or `{"message": …}` elsewhere.
pub(super) fn provider_message(json: &Value) -> Option<String> {
    // Google puts the object into a list.
    let json = json.get(0).unwrap_or(json);
    let error = json.get("error").unwrap_or(json);
    let message = error.get("message").or_else(|| error.get("detail")).unwrap_or(error);
    message.as_str().map(str::trim).filter(|message| !message.is_empty()).map(shorten)
}

/// llama.cpp's server gives both numbers, OpenAI and vLLM have them in their prose; that of any other
/// is passed on as it is.
fn context_exceeded(json: &Value) -> Option<ModelError> {
    let error = json.get("error").unwrap_or(json);
    let number = |name| usize::try_from(error.get(name)?.as_u64()?).ok();
    if let (Some(tokens), Some(limit)) = (number("n_prompt_tokens"), number("n_ctx")) {
        return Some(ModelError::ContextExceeded { tokens, limit });
    }
    let (_, words) = error.get("message")?.as_str()?.split_once("maximum context length is ")?;
    let mut numbers = words
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok());
    let (limit, tokens) = (numbers.next()?, numbers.next()?);
    (tokens > limit).then_some(ModelError::ContextExceeded { tokens, limit })
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
            json!([{"error": {"message": "no"}}]),
            json!({"error": "no"}),
            json!({"message": "no"}),
            json!({"detail": "no"}),
        ] {
            assert_eq!(provider_message(&json).as_deref(), Some("no"), "{json}");
        }
        assert_eq!(provider_message(&Value::Null), None);
    }

    #[test]
    fn that_a_conversation_is_too_long_is_understood() {
        let openai = "This model's maximum context length is 8192 tokens. However, your messages \
                      resulted in 9000 tokens. Please reduce the length of the messages.";
        for json in [
            json!({"error": {"message": openai, "code": "context_length_exceeded"}}),
            json!({"object": "error", "message": openai, "code": 400}),
            json!({"error": {"message": "no", "n_prompt_tokens": 9000, "n_ctx": 8192}}),
        ] {
            let Some(ModelError::ContextExceeded { tokens, limit }) = context_exceeded(&json)
            else {
                panic!("{json}");
            };
            assert_eq!((tokens, limit), (9000, 8192), "{json}");
        }
        for other in ["The maximum context length is 8192 tokens.", "no"] {
            assert!(context_exceeded(&json!({"error": {"message": other}})).is_none());
        }
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        assert_eq!(shorten(&"ä".repeat(400)).chars().count(), MAX_MESSAGE_CHARS + 1);
    }

    #[test]
    fn when_to_try_again_is_read_in_every_form() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let after = |name: &'static str, value: &'static str| {
            retry_after(
                &HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]),
                now,
            )
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(after("retry-after", "7"), seconds(7));
        assert_eq!(after("retry-after", " 0.5 "), Some(Duration::from_millis(500)));
        assert_eq!(after("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"), seconds(10));
        assert_eq!(after("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT"), seconds(0));
        assert_eq!(after("retry-after-ms", "1500"), Some(Duration::from_millis(1500)));
        for nonsense in ["soon", "-1", "NaN", "1e300"] {
            assert_eq!(after("retry-after", nonsense), None, "{nonsense}");
        }
    }
}
