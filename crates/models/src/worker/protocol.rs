//! Lines of JSON between parent and worker: [`Order`] on stdin, [`Report`] on stdout.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use crate::{FinishReason, ModelMessage, ToolDefinition};

/// What the parent wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub(crate) enum Order {
    /// Load these weights; the first order, answered by `Loaded` or `LoadFailed`.
    Load {
        /// The GGUF file.
        path: PathBuf,
        /// Threads that compute; at least 1.
        threads: usize,
        /// Size of the context; less where the model was trained for less.
        context_tokens: u32,
    },
    /// Answer; ended by `Finished` or `Failed`.
    Generate(Generate),
    /// Stop answering the request with this id, also if it has not begun.
    Cancel {
        /// The request.
        id: u64,
    },
}

/// A request for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Generate {
    /// Rises from request to request.
    pub(crate) id: u64,
    /// The conversation.
    pub(crate) messages: Vec<ModelMessage>,
    /// Most tokens of the answer.
    pub(crate) max_tokens: Option<u32>,
    /// Sampling temperature; 0 takes the likeliest token.
    pub(crate) temperature: Option<f32>,
    /// What the answer is kept to; anything goes where absent.
    #[serde(default)]
    pub(crate) constraint: Option<Constraint>,
}

/// What an answer is kept to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Constraint {
    /// JSON.
    Json {
        /// Its JSON Schema.
        schema: serde_json::Value,
    },
    /// A call of a tool, if there is one.
    Call {
        /// The tools it may call; at least one.
        tools: Vec<ToolDefinition>,
        /// Whether there must be a call. Otherwise words go, before a call and without one.
        required: bool,
    },
}

/// What the worker says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub(crate) enum Report {
    /// The model answers now.
    Loaded {
        /// Size of the context.
        context_tokens: usize,
    },
    /// The weights cannot be used.
    LoadFailed {
        /// Why.
        message: String,
    },
    /// A piece of the answer.
    Text {
        /// The request.
        id: u64,
        /// Never empty.
        text: String,
    },
    /// A complete call of a tool.
    Call {
        /// The request.
        id: u64,
        /// Name of the tool.
        name: String,
        /// The arguments as JSON text that fits the tool's schema.
        arguments: String,
    },
    /// The end of an answer.
    Finished {
        /// The request.
        id: u64,
        /// Why it ended; `Other` where it was cancelled.
        reason: FinishReason,
        /// Tokens of the request.
        input_tokens: u64,
        /// Tokens of the answer.
        output_tokens: u64,
        /// Tokens that were computed after a cancellation was heard.
        #[serde(default, skip_serializing_if = "is_zero")]
        late_tokens: u64,
    },
    /// The end of an answer that cannot be given or go on.
    Failed {
        /// The request.
        id: u64,
        /// Why.
        #[serde(flatten)]
        failure: Failure,
    },
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Why an answer cannot be given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "snake_case")]
pub(crate) enum Failure {
    /// The conversation is too long.
    ContextExceeded {
        /// Tokens of the conversation.
        tokens: usize,
        /// Tokens there is room for.
        limit: usize,
    },
    /// A schema cannot be kept to.
    Schema {
        /// What of it, without text of the conversation.
        message: String,
    },
    /// Anything else.
    Other {
        /// What happened, without text of the conversation.
        message: String,
    },
}
