//! What an agent can do with questions to people.

use super::{ApprovalFilter, ApprovalRecord, RecordedDecision, trail};
use crate::{
    AgentError, Context,
    chat::{
        AiChatAgent,
        answers::{self, Answer, Decider},
    },
    storage::Tables,
};

/// Why an expired call was rejected; the model reads it.
const EXPIRED: &str = "expired: nobody has decided in time";

impl<A: AiChatAgent> Context<A> {
    /// What people were asked in this conversation and what they decided, the oldest first. Nothing
    /// is ever taken out of it, whatever becomes of the messages.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn approvals(&self, filter: &ApprovalFilter) -> Result<Vec<ApprovalRecord>, AgentError> {
        let found = self.database().read(Tables::Chat, |db| trail::select(db, filter))?;
        Ok(found.unwrap_or_default())
    }

    /// Decides over a call in the place of a person who is not connected: one who has answered a
    /// mail, say. `by` is who it was, for the audit trail, which also has when. Whether the call was waiting.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn decide_approval(
        &self,
        tool_call_id: &str,
        by: &str,
        decision: RecordedDecision,
    ) -> Result<bool, AgentError> {
        let open = ApprovalFilter {
            open: Some(true),
            tool_call_id: Some(tool_call_id.to_owned()),
            ..ApprovalFilter::default()
        };
        if self.approvals(&open)?.is_empty() {
            return Ok(false);
        }
        let by = Decider { name: Some(by.to_owned()), ..Decider::default() };
        answers::apply(self, Answer::of_decision(tool_call_id, by, decision))?;
        Ok(true)
    }
}

/// Rejects a call that nobody has decided on.
pub(super) fn expire<A: AiChatAgent>(
    cx: &Context<A>,
    record: &ApprovalRecord,
) -> Result<(), AgentError> {
    let by = Decider { expired: true, ..Decider::default() };
    let decision = RecordedDecision::rejection(EXPIRED);
    answers::apply(cx, Answer::of_decision(&record.request.tool_call_id, by, decision))
}
