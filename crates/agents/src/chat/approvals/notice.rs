//! Telling the agent that what people are asked has changed. A schedule of the runtime's own does,
//! made before the change is written: a crash can cause a notice too many, and never one too few.

use super::trail;
use crate::{
    AgentError, Context, Result, Task,
    chat::AiChatAgent,
    clock::from_millis,
    schedule::{Overlap, Retry, ScheduleOptions},
    storage::Tables,
};

/// Name of the task.
pub(in crate::chat) const TASK: &str = "domovoi:approvals";

/// How often an agent that cannot take the notice is asked to, about an hour apart in the end.
const ATTEMPTS: u32 = 50;

/// Has the agent told once what happens now is written.
pub(in crate::chat) fn set<A: AiChatAgent>(cx: &Context<A>) -> Result<(), AgentError> {
    let retry = Retry { max_attempts: ATTEMPTS, ..Retry::default() };
    let options = ScheduleOptions::default().key(TASK).overlap(Overlap::Queue).retry(retry);
    let now = from_millis(cx.agents().clock().now());
    cx.schedule_with(now, Task::<A, ()>::new(TASK), (), options)?;
    Ok(())
}

/// As [`set`], before messages leave the conversation or come back, where that can concern a
/// question.
pub(in crate::chat) fn before_messages_change<A: AiChatAgent>(
    cx: &Context<A>,
) -> Result<(), AgentError> {
    match cx.database().read(Tables::Chat, |db| trail::is_any_undecided(db))? {
        Some(true) => set(cx),
        _ => Ok(()),
    }
}

/// The time has come.
pub(in crate::chat) async fn fire<A: AiChatAgent>(cx: &Context<A>) -> Result<()> {
    // The questions of a message that is being written are part of the conversation when it is
    // complete.
    drop(cx.chat().queue.lock().await);
    cx.this().on_approvals_change(cx).await
}
