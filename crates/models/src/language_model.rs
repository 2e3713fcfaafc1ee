//! The trait every provider implements.

use std::pin::Pin;

use futures::{Stream, future::BoxFuture};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{ModelError, ModelRequest, ToolCall};

/// The reply of a model as it arrives. Dropping it stops the model: the provider's connection is
/// closed, the embedded model is free within a token.
pub type ModelStream = Pin<Box<dyn Stream<Item = Result<ModelEvent, ModelError>> + Send>>;

/// A language model.
pub trait LanguageModel: Send + Sync + 'static {
    /// The model's name as people know it, for example `gpt-4.1` or `SmolLM2 135M`.
    fn name(&self) -> &str;

    /// Whether the model can answer, now and in future. Watch it to show progress.
    fn status(&self) -> watch::Receiver<ModelStatus>;

    /// Starts a reply.
    ///
    /// # Errors
    /// Fails with [`ModelError`] where the reply cannot start; later failures are items of the
    /// stream, after which it ends.
    fn stream(&self, request: ModelRequest) -> BoxFuture<'_, Result<ModelStream, ModelError>>;
}

/// One event of a reply. A stream that ends well ends with [`ModelEvent::Finish`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ModelEvent {
    /// More text of the answer; never empty.
    Text(String),
    /// More text of the model's reasoning; never empty.
    Reasoning(String),
    /// A complete call of a tool.
    ToolCall(ToolCall),
    /// The end of the reply.
    Finish {
        /// Why it ended.
        reason: FinishReason,
        /// Tokens used, where the provider says.
        usage: Option<Usage>,
    },
}

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// The limit on tokens was reached.
    Length,
    /// The model waits for the results of its tool calls.
    ToolCalls,
    /// The provider withheld the answer.
    ContentFilter,
    /// Anything else.
    Other,
}

/// Tokens used by a reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Tokens of the reply.
    pub output_tokens: u64,
}

/// The name of a model and whether it can answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelStatus {
    /// The model's name as people know it. May change: a fallback may be loaded instead.
    pub name: String,
    /// Whether it can answer.
    pub readiness: ModelReadiness,
}

/// Whether a model can answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase")]
#[non_exhaustive]
pub enum ModelReadiness {
    /// The weights are being downloaded.
    #[serde(rename_all = "camelCase")]
    Downloading {
        /// Bytes on disk so far.
        received_bytes: u64,
        /// Bytes in all.
        total_bytes: u64,
        /// Seconds left at the present speed, where it can be told.
        seconds_left: Option<u64>,
    },
    /// The weights are being checked and loaded into memory.
    Loading,
    /// It answers.
    Ready,
    /// It cannot answer; the text says why and what to do.
    Failed {
        /// What to tell a person.
        message: String,
    },
}
