//! What a model is asked.

use serde::{Deserialize, Serialize};

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
}

impl ModelRequest {
    /// A request with these messages and the provider's defaults for everything else.
    #[must_use]
    pub fn new(messages: Vec<ModelMessage>) -> Self {
        Self { messages, ..Self::default() }
    }
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
        /// The message's text.
        content: String,
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
