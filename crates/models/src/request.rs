//! What a model is asked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{QueuePosition, Receipt, UserContent};

/// One request for a reply.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ModelRequest {
    /// The conversation so far, oldest first.
    pub messages: Vec<ModelMessage>,
    /// Tools the model may call; empty for none.
    pub tools: Vec<ToolDefinition>,
    /// Upper bound on generated tokens; the provider's default where absent.
    pub max_tokens: Option<u32>,
    /// Sampling temperature, 0.0 to 2.0; the provider's default where absent.
    pub temperature: Option<f32>,
    /// Whether the model may, must or must not call a tool.
    pub tool_choice: ToolChoice,
    /// The form of the answer's text; prose where absent.
    pub response_format: Option<ResponseFormat>,
    /// Who asks, and what a gateway on the way may do with the answer. Providers never see it.
    pub metadata: RequestMetadata,
}

impl ModelRequest {
    /// A request with these messages and the provider's defaults for everything else.
    #[must_use]
    pub fn new(messages: Vec<ModelMessage>) -> Self {
        Self { messages, ..Self::default() }
    }

    /// Whether there is an image in any message.
    #[must_use]
    pub fn has_images(&self) -> bool {
        self.messages.iter().any(
            |message| matches!(message, ModelMessage::User { content } if content.has_images()),
        )
    }
}

impl From<Vec<ModelMessage>> for ModelRequest {
    fn from(messages: Vec<ModelMessage>) -> Self {
        Self::new(messages)
    }
}

impl From<&str> for ModelRequest {
    /// One question.
    fn from(question: &str) -> Self {
        Self::new(vec![ModelMessage::User { content: question.into() }])
    }
}

/// Whether the model calls a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// It answers in words.
    None,
    /// It calls at least one tool.
    Required,
    /// It calls the tool of this name.
    Tool(String),
}

/// The form of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseFormat {
    /// JSON that fits a schema.
    JsonSchema {
        /// What the thing is called: letters, digits, `_` and `-`, at most 64.
        name: String,
        /// Its JSON Schema.
        schema: serde_json::Value,
    },
}

/// Who asks, and what a gateway or a queue may do with it. All of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestMetadata {
    /// Who pays for it: limits per person count by this name.
    pub user: Option<String>,
    /// Which agent asks, as `{type}/{name}` or just its type: limits per agent count by this name.
    pub agent: Option<String>,
    /// The conversation that asks, as `{type}/{name}`: where a model has a queue, conversations take
    /// turns.
    pub conversation: Option<String>,
    /// Told how many requests are before this one, where a model has a queue.
    pub queue: Option<QueuePosition>,
    /// Told which model answered and what it cost, where a gateway is on the way.
    pub receipt: Option<Receipt>,
    /// The message the answer becomes; feedback is found by it.
    pub message_id: Option<String>,
    /// Asks the model even where the same question was answered before.
    pub skip_cache: bool,
    /// How long the answer may be given again to the same question. Nothing is kept for zero; the
    /// configuration decides where this is absent.
    pub cache_ttl: Option<Duration>,
}

/// One message of a conversation as models understand it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
#[non_exhaustive]
pub enum ModelMessage {
    /// Instructions.
    System {
        /// The instructions' text.
        content: String,
    },
    /// What the person said.
    User {
        /// Text and images.
        content: UserContent,
    },
    /// What the model said before.
    Assistant {
        /// The answer's text; may be empty where there are tool calls.
        content: String,
        /// Tools it called, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
    },
    /// What a tool answered.
    Tool {
        /// The id of the call this answers.
        tool_call_id: String,
        /// The result, as JSON text or plain text.
        content: String,
    },
}

/// A call of a tool by the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call, unique in the conversation.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// The arguments as JSON text, exactly as the model wrote them; may be invalid JSON.
    pub arguments: String,
}

/// A tool as it is described to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolDefinition {
    /// Name the model calls it by: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of its arguments, an object schema.
    pub parameters: serde_json::Value,
}
