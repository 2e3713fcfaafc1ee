//! Expiry and escalation: schedules of the runtime's own, which outlive the process as any other.

use serde::{Deserialize, Serialize};

use super::{ApprovalRequest, context, notice, trail};
use crate::{
    AgentError, Context, Result, Task,
    chat::{AiChatAgent, emitter::Question},
    clock::{from_millis, to_millis_span},
    schedule::ScheduleOptions,
    storage::Tables,
};

/// Name of the task.
pub(in crate::chat) const TASK: &str = "domovoi:approval";

/// What is due.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Due {
    approval: String,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Escalate,
    Expire,
}

/// The questions of a batch, each with its timers set: those of a question that a crash takes back
/// find nothing to do.
pub(in crate::chat) fn prepare<A: AiChatAgent>(
    cx: &Context<A>,
    message_id: &str,
    questions: Vec<Question>,
) -> Result<Vec<ApprovalRequest>, AgentError> {
    let now = cx.agents().clock().now();
    if !questions.is_empty() {
        notice::set(cx)?;
    }
    let asked = questions.into_iter().map(|question| {
        let mut request = ApprovalRequest {
            id: question.approval_id,
            tool_call_id: question.tool_call_id,
            message_id: message_id.to_owned(),
            tool_name: question.tool_name,
            input: question.input,
            asked_at: now,
            expires_at: None,
        };
        let policy = cx.this().approval_policy(&request);
        request.expires_at = policy.expires_after.map(|after| now + to_millis_span(after));
        let escalation = policy.escalate_after.map(|after| now + to_millis_span(after));
        for (what, due) in [(What::Escalate, escalation), (What::Expire, request.expires_at)] {
            if let Some(due) = due {
                set(cx, &request.id, what, due)?;
            }
        }
        Ok(request)
    });
    asked.collect()
}

fn set<A: AiChatAgent>(
    cx: &Context<A>,
    approval: &str,
    what: What,
    due: i64,
) -> Result<(), AgentError> {
    let options = ScheduleOptions::default().key(format!("{TASK}:{approval}:{what:?}"));
    let due_task = Due { approval: approval.to_owned(), what };
    cx.schedule_with(from_millis(due), Task::<A, Due>::new(TASK), due_task, options)?;
    Ok(())
}

/// A timer has run down.
pub(in crate::chat) async fn fire<A: AiChatAgent>(cx: &Context<A>, payload: &str) -> Result<()> {
    let Due { approval, what } = serde_json::from_str(payload)?;
    let found = cx.database().read(Tables::Chat, |db| trail::one(db, &approval))?.flatten();
    let Some(record) = found.filter(|record| record.open) else { return Ok(()) };
    match what {
        What::Expire => context::expire(cx, &record)?,
        What::Escalate => {
            let now = cx.agents().clock().now();
            cx.this().on_escalation(cx, &record).await?;
            cx.sql().transaction(|db| trail::escalate(db, &approval, now))?;
        }
    }
    Ok(())
}
