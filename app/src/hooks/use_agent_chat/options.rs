//! What a conversation begins with.

use domovoi_protocol::UiMessage;
use serde_json::{Map, Value};

use super::BrowserTool;

/// What [`use_agent_chat_with`](super::use_agent_chat_with) begins with.
#[derive(Default)]
pub struct AgentChatOptions {
    /// The messages, where they are known, from a page rendered with them for instance. Otherwise
    /// they are fetched.
    pub messages: Option<Vec<UiMessage>>,
    /// Fields that go along with every request; see
    /// [`set_metadata`](super::AgentChat::set_metadata).
    pub metadata: Map<String, Value>,
    /// Tools that run in the page.
    pub tools: Vec<BrowserTool>,
}
