//! What can go wrong between us and a model.

use std::error::Error as StdError;
use std::time::Duration;

/// An error of a language model or of the way to it.
///
/// The `Display` text is written for the person in front of the chat: it says what happened and
/// what to do. It never contains keys or message text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The model is still being downloaded or loaded.
    #[error("The model is still loading. Please try again in a moment.")]
    Loading,
    /// The model cannot be used until somebody does something; the text says what.
    #[error("{0}")]
    Unavailable(String),
    /// The model cannot do what the request asks of it, such as looking at an image.
    #[error("{0}")]
    Unsupported(String),
    /// More requests are waiting than the queue holds.
    #[error("The model is busy: {waiting} requests are waiting already. Please try again soon.")]
    Busy {
        /// Requests ahead of this one.
        waiting: usize,
    },
    /// The endpoint refused the key (HTTP 401 or 403).
    #[error(
        "The model provider at {endpoint} refused the API key. Check the key in the configuration."
    )]
    Unauthorized {
        /// Base address of the endpoint, without credentials.
        endpoint: String,
    },
    /// The endpoint could not be reached.
    #[error(
        "The model provider at {endpoint} cannot be reached. Check the address and the network."
    )]
    Unreachable {
        /// Base address of the endpoint, without credentials.
        endpoint: String,
        /// What the network said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The endpoint wants fewer requests (HTTP 429).
    #[error(
        "The model provider is asked too often{}. Please try again {}.",
        words(message.as_deref()),
        when(*retry_after)
    )]
    RateLimited {
        /// When to try again, where the endpoint says.
        retry_after: Option<Duration>,
        /// The provider's words, shortened.
        message: Option<String>,
    },
    /// No answer began in the time it was given.
    #[error(
        "The model did not begin to answer within {} seconds. Please try again.",
        after.as_secs_f32()
    )]
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// The person or the agent has used up what the configuration allows; the text says what and
    /// until when.
    #[error("{0}")]
    LimitReached(String),
    /// The endpoint answered with an error of its own.
    #[error("The model provider answered with an error: {message}{}", advice(*status))]
    Provider {
        /// HTTP status, where there was one.
        status: Option<u16>,
        /// The provider's words, shortened.
        message: String,
    },
    /// The conversation does not fit the model's context window.
    #[error(
        "This conversation is too long for the model ({tokens} of {limit} tokens). Start a new one or shorten your message."
    )]
    ContextExceeded {
        /// Tokens in the request.
        tokens: usize,
        /// Tokens the model can read.
        limit: usize,
    },
    /// The connection or the model's process ended in the middle of an answer.
    #[error("The model stopped in the middle of its answer. Please try again.")]
    Interrupted(#[source] Option<Box<dyn StdError + Send + Sync>>),
}

impl ModelError {
    /// What a model says that cannot look at images.
    pub(crate) fn no_images(name: &str) -> Self {
        Self::Unsupported(format!(
            "{name} cannot look at images. Send text only, or configure a model that can."
        ))
    }

    /// What went wrong as one word, for logs: no text of anybody's is in it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Unavailable(_) => "unavailable",
            Self::Unsupported(_) => "unsupported",
            Self::Busy { .. } => "busy",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Unreachable { .. } => "unreachable",
            Self::RateLimited { .. } => "rate-limited",
            Self::TimedOut { .. } => "timed-out",
            Self::LimitReached(_) => "limit-reached",
            Self::Provider { .. } => "provider",
            Self::ContextExceeded { .. } => "context-exceeded",
            Self::Interrupted(_) => "interrupted",
        }
    }

    /// Whether the same request may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Loading
            | Self::Busy { .. }
            | Self::Unreachable { .. }
            | Self::RateLimited { .. }
            | Self::TimedOut { .. }
            | Self::Interrupted(_) => true,
            Self::Provider { status, .. } => {
                status.is_none_or(|status| matches!(status, 408 | 409 | 425 | 500..))
            }
            Self::Unavailable(_)
            | Self::Unsupported(_)
            | Self::Unauthorized { .. }
            | Self::LimitReached(_)
            | Self::ContextExceeded { .. } => false,
        }
    }
}

fn words(message: Option<&str>) -> String {
    message.map(|message| format!(" ({})", message.trim_end_matches('.'))).unwrap_or_default()
}

fn when(retry_after: Option<Duration>) -> String {
    match retry_after.map(|after| after.as_secs_f64().ceil()) {
        None => "in a moment".to_owned(),
        Some(seconds) if seconds <= 1.0 => "in a second".to_owned(),
        Some(seconds) if seconds <= 120.0 => format!("in {seconds} seconds"),
        Some(seconds) => format!("in {} minutes", (seconds / 60.0).ceil()),
    }
}

fn advice(status: Option<u16>) -> &'static str {
    match status {
        Some(404) => ". Check the model's name and the address in the configuration.",
        Some(500..) | None => ". Please try again.",
        Some(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_when_to_try_again() {
        let limited = |seconds, message: Option<&str>| {
            let retry_after = Some(Duration::from_secs_f32(seconds));
            ModelError::RateLimited { retry_after, message: message.map(Into::into) }.to_string()
        };
        assert_eq!(
            limited(6.2, Some("Slow down.")),
            "The model provider is asked too often (Slow down). Please try again in 7 seconds."
        );
        assert!(limited(0.0, None).ends_with("often. Please try again in a second."));
        assert!(limited(3601.0, None).ends_with("in 61 minutes."));
    }
}
