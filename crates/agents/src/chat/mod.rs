//! Chat agents: a history, turns streamed to every connection, tools, taking up a stream again.
//!
//! | module | what is in it |
//! |---|---|
//! | `extension`, `requests` | which frame and which request goes where |
//! | `context` | what an agent can do with its conversation |
//! | `options` | [`ChatOptions`]: what an agent decides about its turns |
//! | `order`, `state` | turns that are asked for, wait and run |
//! | `begin`, `turn` | one turn: what it adds to the history, and its answer |
//! | `emitter`, `journal` | chunks on their way to disk, message and clients |
//! | `resume` | notices, acknowledgements, replay |
//! | `answers`, `early` | answers to tool calls that wait, and going on after them |
//! | `approvals` | the audit trail of people's decisions, expiry and escalation |
//! | `history`, `merge`, `versions` | the messages, a row for each version of each |
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

use std::future::{Future, ready};

use domovoi_protocol::{UiMessage, chat::Trigger, tool::ClientTool};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

mod answers;
mod approvals;
mod begin;
mod context;
mod delta;
mod early;
mod emitter;
mod extension;
mod generate_object;
mod history;
mod journal;
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
