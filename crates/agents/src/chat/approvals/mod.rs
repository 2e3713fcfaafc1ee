//! Questions to people: what was asked, who decided what, and what happens when nobody does.
//!
//! | module | what is in it |
//! |---|---|
//! | `trail` | the audit trail on disk, which is only ever added to |
//! | `timers` | expiry and escalation |
//! | `notice` | telling the agent that what people are asked has changed |
//! | `context` | what an agent can ask of its trail |

mod context;
pub(super) mod notice;
pub(super) mod timers;
pub(super) mod trail;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A question to a person: whether a tool may run with these arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApprovalRequest {
    /// Its id.
    pub id: String,
    /// The call that waits.
    pub tool_call_id: String,
    /// The message with the call.
    pub message_id: String,
    /// The tool's name.
    pub tool_name: String,
    /// The arguments that people were shown.
    pub input: Value,
    /// When it was asked, in milliseconds since 1970.
    pub asked_at: i64,
    /// When it counts as rejected where nobody has decided, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// A question and what became of it, as the audit trail has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApprovalRecord {
    /// What was asked.
    #[serde(flatten)]
    pub request: ApprovalRequest,
    /// Whether somebody can still decide: nobody has, and the call is part of the conversation.
    pub open: bool,
    /// When it was escalated, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_at: Option<i64>,
    /// What was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<RecordedDecision>,
}

/// A decision, as the audit trail has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecordedDecision {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who: the name of the client's [`Identity`](crate::Identity), or what the agent said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The connection it came by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Whether the tool may run.
    pub approved: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Arguments in the place of those that were shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// Whether time decided, since nobody else did.
    #[serde(default)]
    pub expired: bool,
}

impl RecordedDecision {
    /// The tool may run with the arguments that were shown.
    #[must_use]
    pub fn approval() -> Self {
        Self { approved: true, ..Self::default() }
    }

    /// The tool may run with other arguments.
    #[must_use]
    pub fn approval_of(input: Value) -> Self {
        Self { input: Some(input), ..Self::approval() }
    }

    /// The tool may not run; the model reads why.
    #[must_use]
    pub fn rejection(reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::default() }
    }
}

/// Which questions are asked for; all where nothing is set.
#[derive(Debug, Clone, Default)]
pub struct ApprovalFilter {
    /// Those that wait, or those that do not.
    pub open: Option<bool>,
    /// Those of this tool.
    pub tool_name: Option<String>,
    /// Those of this call.
    pub tool_call_id: Option<String>,
}

/// What happens to a question that nobody answers. Default: it waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApprovalPolicy {
    /// How long until it counts as rejected.
    pub expires_after: Option<Duration>,
    /// How long until [`AiChatAgent::on_escalation`](super::AiChatAgent::on_escalation) is called.
    pub escalate_after: Option<Duration>,
}

impl ApprovalPolicy {
    /// Rejects the call where nobody has decided after this long.
    #[must_use]
    pub fn expires_after(mut self, time: Duration) -> Self {
        self.expires_after = Some(time);
        self
    }

    /// Calls [`AiChatAgent::on_escalation`](super::AiChatAgent::on_escalation) where nobody has
    /// decided after this long.
    #[must_use]
    pub fn escalate_after(mut self, time: Duration) -> Self {
        self.escalate_after = Some(time);
        self
    }
}
