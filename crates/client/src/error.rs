//! The one error of this crate.

use std::time::Duration;

/// Why a call, a request or a message did not go through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The connection was lost after the call was sent: whether it ran is not known.
    #[error("the connection was lost before the answer came")]
    ConnectionLost,
    /// The connection is closed and will not be opened again.
    #[error("the connection is closed ({code}): {reason}")]
    Closed {
        /// WebSocket close code; 1000 where this side closed, 1006 where there was none.
        code: u16,
        /// What the server said.
        reason: String,
    },
    /// No answer within the time given for calls.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The agent answered with an error.
    #[error("{0}")]
    Remote(String),
    /// Too much is waiting to be sent.
    #[error("too many messages are waiting for the connection")]
    QueueFull,
    /// The arguments cannot be written as JSON.
    #[error("the arguments cannot be written as JSON: {0}")]
    Encode(#[source] serde_json::Error),
    /// The answer does not have the type asked for.
    #[error("the answer has another type than the one asked for: {0}")]
    Decode(#[source] serde_json::Error),
    /// The HTTP request failed before there was an answer.
    #[error("the request failed: {0}")]
    Http(String),
    /// The HTTP request was answered with an error status.
    #[error("the server answered {status}: {body}")]
    Status {
        /// HTTP status code.
        status: u16,
        /// What the answer said.
        body: String,
    },
}
