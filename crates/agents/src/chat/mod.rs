//! Chat agents: a history, turns streamed to every connection, tools, taking up a stream again.
//!
//! | module | what is in it |
//! |---|---|
//! | `extension` | which frame goes where |
//! | `history` | the messages, one row each |
//! | `journal` | turns and their chunks |
//! | `turn` | one turn from request to last frame |
//! | `resume` | notices, acknowledgements, replay |
//! | `state` | what is in memory: the running turn, those that wait |
//! | `reply` | [`ChatReply`]: what an agent answers with |
//! | `stream_text` | [`StreamText`]: a model, its tools, and the loop between them |
//! | `model_history` | the history as a model reads it |
//! | `part_writer` | a model's pieces as parts |
//! | `tool` | [`Tool`]: a function a model may call |

use std::future::Future;

use domovoi_protocol::{UiMessage, tool::ClientTool};
use serde_json::{Map, Value};

mod extension;
mod history;
mod journal;
mod model_history;
mod part_writer;
mod reply;
mod resume;
mod state;
mod stream_text;
mod tool;
mod turn;

pub(crate) use extension::ChatExtension;
pub(crate) use state::ChatState;

pub use reply::ChatReply;
pub use stream_text::StreamText;
pub use tool::{Tool, ToolContext};

use crate::{Agent, AgentError, Context, Result};

/// An agent people chat with. The runtime keeps the history, streams the reply to every
/// connection, and lets clients come back to a running turn.
pub trait AiChatAgent: Agent {
    /// Answers the newest message; the history is [`Context::messages`].
    fn on_chat_message(
        &self,
        cx: &Context<Self>,
        turn: ChatTurn,
    ) -> impl Future<Output = Result<ChatReply>> + Send;
}

/// What started a turn.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ChatTurn {
    /// The request's id.
    pub request_id: String,
    /// The id the answer will have.
    pub message_id: String,
    /// Tools that run in the client that asked.
    pub client_tools: Vec<ClientTool>,
    /// Custom fields of the request's body.
    pub body: Map<String, Value>,
}

impl<A: AiChatAgent> Context<A> {
    /// The history, oldest first.
    ///
    /// # Errors
    /// [`AgentError::Database`], or [`AgentError::Json`] where a stored message cannot be read.
    pub fn messages(&self) -> Result<Vec<UiMessage>, AgentError> {
        history::all(self.database())
    }
}
