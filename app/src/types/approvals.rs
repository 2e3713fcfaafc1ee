//! What the page of approvals shows.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Agent type of the inbox of approvals; there is one instance, `default`.
pub const APPROVALS_AGENT: &str = "approvals";

/// State of the agent `approvals`: enough to know when to ask for the lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalsState {
    /// How many calls wait for a person.
    pub open: u32,
    /// Grows with every change.
    pub revision: u64,
}

/// The calls that wait, those asked first in front, and those decided last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApprovalsView {
    /// Calls that wait for a person.
    pub open: Vec<ApprovalView>,
    /// Calls that were decided on, the newest first.
    pub decided: Vec<ApprovalView>,
}

/// A tool call that waits for a person, or did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalView {
    /// The question's id.
    pub id: String,
    /// The conversation it was asked in.
    pub conversation: String,
    /// The call.
    pub tool_call_id: String,
    /// The tool.
    pub tool_name: String,
    /// The arguments that people were shown.
    pub input: Value,
    /// When it was asked, in milliseconds since 1970.
    pub asked_at: i64,
    /// When it counts as rejected where nobody decides.
    #[serde(default)]
    pub expires_at: Option<i64>,
    /// What was decided.
    #[serde(default)]
    pub decision: Option<DecisionView>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionView {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// By whom, where that is known.
    #[serde(default)]
    pub by: Option<String>,
    /// Whether the call may run.
    pub approved: bool,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// Arguments in the place of those that were shown.
    #[serde(default)]
    pub input: Option<Value>,
    /// Whether time decided, since nobody else did.
    #[serde(default)]
    pub expired: bool,
}

/// A person's answer, as the method `decide` takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalAnswer {
    /// The conversation.
    pub conversation: String,
    /// The call.
    pub tool_call_id: String,
    /// Whether it may run.
    pub approved: bool,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// Arguments in the place of those that were shown.
    #[serde(default)]
    pub input: Option<Value>,
}
