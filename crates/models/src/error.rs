//! What can go wrong between us and a model.

use std::error::Error as StdError;

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
    /// The endpoint answered with an error of its own.
    #[error("The model provider answered with an error: {message}")]
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
