//! A run of a task, and what is asked of conversations.

use domovoi_agents::{chat::TurnOutcome, prelude::*};
use domovoi_app::types::ASSISTANT_AGENT;

use super::{Tasks, store};
use crate::agents::Assistant;

/// Conversations that are looked up at a time.
const PAGE: usize = 500;

/// Asks the assistant, and ends as its answer does. What a crash cuts off is asked once more.
pub(super) async fn perform(cx: &Context<Tasks>, id: &str) -> Result<()> {
    let task = store::get(cx, id)?;
    let assistant = cx.agents().get::<Assistant>(&task.conversation)?;
    let prompt = task.prompt;
    let finished = assistant.run(move |_, cx| async move { cx.ask_and_wait(prompt).await }).await?;
    let Some(finished) = finished else {
        return Err("the answer was stopped before it began".into());
    };
    match finished.outcome {
        TurnOutcome::Completed => Ok(()),
        TurnOutcome::Aborted => Err("the answer was stopped".into()),
        TurnOutcome::Failed => {
            Err(finished.error.unwrap_or_else(|| "the answer failed".to_owned()).into())
        }
    }
}

/// Has conversations tell their reminders: those that are known to have some, and all that have
/// something scheduled, which the runtime knows without waking them. A crash can have come between
/// a reminder and the word of it.
pub(super) async fn ask_for_reminders(agents: &Agents, known: Vec<String>) -> Result<()> {
    let mut conversations = known;
    let mut after: Option<String> = None;
    loop {
        let page = agents.list_scheduled(ASSISTANT_AGENT, after.as_deref(), PAGE)?;
        let Some(last) = page.last().cloned() else { break };
        conversations.extend(page);
        after = Some(last);
    }
    conversations.sort();
    conversations.dedup();
    for conversation in conversations {
        let assistant = agents.get::<Assistant>(&conversation)?;
        assistant.run(|assistant, cx| async move { assistant.tell_reminders(&cx).await }).await??;
    }
    Ok(())
}
