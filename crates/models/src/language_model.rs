//! The trait every provider implements.

use std::pin::Pin;

use futures::{Stream, future::BoxFuture};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{ModelError, ModelRequest, ToolCall, tokens::estimate_tokens};

/// The reply of a model as it arrives. Dropping it stops the model: the provider's connection is
/// closed, the embedded model is free within a token.
pub type ModelStream = Pin<Box<dyn Stream<Item = Result<ModelEvent, ModelError>> + Send>>;

/// A language model.
pub trait LanguageModel: Send + Sync + 'static {
    /// The model's name as people know it, for example `gpt-4.1` or `SmolLM2 135M`.
    fn name(&self) -> &str;

    /// Whether the model can answer, now and in future. Watch it to show progress.
    fn status(&self) -> watch::Receiver<ModelStatus>;

    /// Tokens of conversation and answer together that the model can keep in mind, where that is
    /// known.
    fn context_window(&self) -> Option<u32> {
        None
    }

    /// How many tokens the model makes of a text. Where it does not count, a careful estimate: as a
    /// rule more than it will be.
    fn count_tokens(&self, text: &str) -> usize {
        estimate_tokens(text)
    }

    /// Whether it can look at images. One that cannot refuses a request that has some.
    fn accepts_images(&self) -> bool {
        false
    }

    /// Starts a reply.
    ///
    /// # Errors
    /// Fails with [`ModelError`] where the reply cannot start; later failures are items of the
    /// stream, after which it ends.
    fn stream(&self, request: ModelRequest) -> BoxFuture<'_, Result<ModelStream, ModelError>>;
}

/// One event of a reply. A stream that ends well ends with [`ModelEvent::Finish`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModelEvent {
    /// More text of the answer; never empty.
    Text(String),
    /// More text of the model's reasoning; never empty.
    Reasoning(String),
    /// The model begins to write a call of a tool. Not every provider tells; what does tell, tells
    /// this once for a call, before its [`ModelEvent::ToolCallDelta`]s.
    ToolCallStart {
        /// The id the complete call will have.
        id: String,
        /// Name of the tool.
        name: String,
    },
    /// More text of a call's arguments, so that people see them being written; never empty.
    ToolCallDelta {
        /// The call's id.
        id: String,
        /// A piece of JSON text.
        delta: String,
    },
    /// A complete call of a tool. This is the one to act on: a reply that is cut off has none.
    ToolCall(ToolCall),
    /// A page of the web that the answer rests on; each is told once.
    Source {
        /// Its address, as the provider writes it.
        url: String,
        /// What it is called, where the provider says.
        title: Option<String>,
    },
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
    /// Requests that wait until others are answered; 0 for a model without a queue.
    #[serde(default)]
    pub waiting: usize,
}

impl ModelStatus {
    /// The status of a model where nobody waits.
    pub fn new(name: impl Into<String>, readiness: ModelReadiness) -> Self {
        Self { name: name.into(), readiness, waiting: 0 }
    }
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
