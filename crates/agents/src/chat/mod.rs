//! Chat agents: a history, turns streamed to every connection, tools, taking up a stream again.
//!
//! | module | what is in it |
//! |---|---|
//! | `extension`, `requests` | which frame and which request goes where |
//! | `context` | what an agent can do with its conversation |
//! | `follow` | [`FollowedTurn`]: a turn as code of this process follows it |
//! | `options` | [`ChatOptions`]: what an agent decides about its turns |
//! | `order`, `state` | turns that are asked for, wait and run |
//! | `begin`, `turn` | one turn: what it adds to the history, and its answer |
//! | `emitter`, `journal` | chunks on their way to disk, message and clients |
//! | `failure` | what people are told of a turn that failed |
//! | `resume` | notices, acknowledgements, replay |
//! | `continued` | going on with an answer in clients that know no more than the AI SDK does |
//! | `answers`, `early` | answers to tool calls that wait, and going on after them |
//! | `approvals` | the audit trail of people's decisions, expiry and escalation |
//! | `history`, `merge`, `versions` | the messages, a row for each version of each |
//! | `legacy` | clients from the time of `ai` 4 |
//! | `delta` | telling clients what has changed |
//! | `reply` | [`ChatReply`]: what an agent answers with |
//! | `stream_text` | [`StreamText`]: a model, its tools, and the loop between them |
//! | `model_history` | the history as a model reads it |
//! | `window` | [`ContextWindow`]: what of the history a model reads, summaries, pinned facts |
//! | `opening` | until a model begins to answer: how many are before |
//! | `part_writer` | a model's pieces as parts |
//! | `generate_object` | [`generate_object`]: an answer as a value of a type |
//! | `tool`, `tool_calls` | [`Tool`]: a function a model may call; the calls of one step |
//! | `tool_context`, `tool_arguments` | what a tool is told: [`ToolContext`], its arguments |
//! | `attachments` | [`Attachments`]: files of a conversation that tools may read |

use std::future::{Future, ready};

use domovoi_protocol::{UiMessage, chat::Trigger, tool::ClientTool};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

mod answers;
mod approvals;
mod attachments;
mod begin;
mod context;
mod continued;
mod delta;
mod early;
mod emitter;
mod extension;
mod failure;
mod finish;
mod follow;
mod generate_object;
mod history;
mod journal;
mod legacy;
mod merge;
mod model_history;
mod opening;
mod options;
mod order;
mod part_writer;
mod reply;
mod requests;
mod resume;
mod state;
mod stream_text;
mod tool;
mod tool_arguments;
mod tool_calls;
mod tool_context;
mod turn;
mod versions;
mod window;

pub(crate) use extension::ChatExtension;
pub(crate) use state::ChatState;
#[doc(hidden)]
pub use tool_arguments::read as read_tool_arguments;

pub use approvals::{
    ApprovalFilter, ApprovalPolicy, ApprovalRecord, ApprovalRequest, RecordedDecision,
};
pub use attachments::{Attachment, Attachments};
pub use follow::FollowedTurn;
pub use generate_object::{ObjectError, generate_object};
pub use options::{ChatOptions, Concurrency};
pub use reply::ChatReply;
pub use stream_text::StreamText;
pub use tool::{DEFAULT_TOOL_TIMEOUT, Tool};
pub use tool_context::ToolContext;
pub use window::{ContextWindow, History, PinnedFact};

use crate::{Agent, Context, Result};

/// An agent people chat with. The runtime keeps the history, streams the reply to every
/// connection, and lets clients come back to a running turn.
pub trait AiChatAgent: Agent {
    /// Answers the newest message; the history is [`Context::messages`].
    fn on_chat_message(
        &self,
        cx: &Context<Self>,
        turn: ChatTurn,
    ) -> impl Future<Output = Result<ChatReply>> + Send;

    /// Called when a turn is over and its message is stored. The next turn begins after this.
    fn on_finish(
        &self,
        cx: &Context<Self>,
        finished: &FinishedTurn,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (cx, finished);
        ready(Ok(()))
    }

    /// Called after the history has changed otherwise than by a turn: messages were written or
    /// deleted, or another version was chosen.
    fn on_history_change(&self, cx: &Context<Self>) -> impl Future<Output = Result<()>> + Send {
        let _ = cx;
        ready(Ok(()))
    }

    /// Changes a message before it is stored: to leave out a secret, say. What was streamed is not
    /// what is kept then, and clients are told.
    fn sanitize_message(&self, message: UiMessage) -> UiMessage {
        message
    }

    /// What happens to a question to a person that nobody answers. Default: it waits.
    fn approval_policy(&self, request: &ApprovalRequest) -> ApprovalPolicy {
        let _ = request;
        ApprovalPolicy::default()
    }

    /// Called where nobody has answered a question for [`ApprovalPolicy::escalate_after`]: to tell
    /// somebody else. Where it fails it is called again, as a scheduled task is.
    fn on_escalation(
        &self,
        cx: &Context<Self>,
        approval: &ApprovalRecord,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (cx, approval);
        ready(Ok(()))
    }

    /// Called after what people are asked in this conversation has changed, once the turn is over:
    /// something was asked or decided, or is part of the conversation no longer. To keep a list of
    /// what waits in many conversations: [`Context::approvals`] has all of this one. It is called
    /// for each change at least once, whatever becomes of the process; where it fails it is called
    /// again, as a scheduled task is.
    fn on_approvals_change(&self, cx: &Context<Self>) -> impl Future<Output = Result<()>> + Send {
        let _ = cx;
        ready(Ok(()))
    }

    /// How the agent treats its conversation.
    fn chat_options(&self) -> ChatOptions {
        ChatOptions::default()
    }
}

/// What started a turn.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ChatTurn {
    /// The request's id.
    pub request_id: String,
    /// The id the answer will have.
    pub message_id: String,
    /// What the person did.
    pub trigger: Trigger,
    /// Whether the newest message of the history is an answer to be gone on with: its tool calls
    /// that waited for a client or a person have been answered.
    pub continuation: bool,
    /// Tools that run in the client that asked.
    pub client_tools: Vec<ClientTool>,
    /// Custom fields of the request's body.
    pub body: Map<String, Value>,
    /// Cancelled when the turn is to end. The reply is dropped then, so that only work beside it
    /// has to look.
    pub abort: CancellationToken,
}

/// A turn that is over.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FinishedTurn {
    /// The id of the request, or of the turn the agent started.
    pub request_id: String,
    /// The answer as it is stored; none where there was nothing to keep.
    pub message: Option<UiMessage>,
    /// How it ended.
    pub outcome: TurnOutcome,
    /// Why it failed, where it has.
    pub error: Option<String>,
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnOutcome {
    /// With an answer.
    Completed,
    /// By a person or by the agent itself.
    Aborted,
    /// With an error, which the clients were told.
    Failed,
}

impl TurnOutcome {
    /// Its name: `completed`, `aborted`, `failed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Aborted => "aborted",
            Self::Failed => "failed",
        }
    }
}
