//! A run of a task, and what is asked of conversations.

use domovoi_agents::{
    chat::{FinishedTurn, TurnOutcome},
    prelude::*,
    schedule::RunStatus,
};
use domovoi_app::types::ASSISTANT_AGENT;
use domovoi_protocol::{Role, UiMessage};
use uuid::Uuid;

use super::{Tasks, store};
use crate::agents::Assistant;

/// Conversations that are looked up at a time.
const PAGE: usize = 500;
/// Runs of a schedule among which the present one is.
const RECENT_RUNS: usize = 20;

/// Between a task and the message of a run that it has beside its times.
const MESSAGE: char = ':';

/// What a run of a task beside its times is given.
pub(super) fn once(task: &str) -> String {
    format!("{task}{MESSAGE}{}", Uuid::now_v7())
}

/// Asks the assistant, and ends as its answer does. A run that is made once more, after a failure or a
/// crash, asks with the same message, so that it stands in the conversation once.
pub(super) async fn perform(cx: &Context<Tasks>, run: &str) -> Result<()> {
    let (id, message) = match run.split_once(MESSAGE) {
        Some((id, message)) => (id, Some(message.to_owned())),
        None => (run, None),
    };
    let task = store::get(cx, id)?;
    let message = match message {
        Some(message) => message,
        None => message_of_run(cx, &task.schedule)?,
    };
    let assistant = cx.agents().get::<Assistant>(&task.conversation)?;
    let prompt = task.prompt;
    let finished = assistant.run(move |_, cx| async move { ask(&cx, message, prompt).await });
    let Some(finished) = finished.await?? else {
        return Err("the answer was stopped before it began".into());
    };
    match finished.outcome {
        TurnOutcome::Completed => Ok(()),
        // A person wanted it so.
        TurnOutcome::Aborted => Err(HandlerError::new("the answer was stopped").terminal()),
        TurnOutcome::Failed => {
            let words = finished.error.unwrap_or_else(|| "the answer failed".to_owned());
            Err(HandlerError::new(words).private())
        }
    }
}

/// The id of the message of the run of a schedule that runs now: the same in each of its attempts.
fn message_of_run(cx: &Context<Tasks>, schedule: &str) -> Result<String> {
    let runs = cx.runs(Some(schedule), RECENT_RUNS)?;
    let run = runs.iter().find(|run| run.status == RunStatus::Running);
    Ok(match run {
        Some(run) => format!("{schedule}-{}", run.due),
        None => Uuid::now_v7().to_string(),
    })
}

async fn ask(
    cx: &Context<Assistant>,
    mut id: String,
    prompt: String,
) -> Result<Option<FinishedTurn>> {
    let messages = cx.messages()?;
    let asked = messages.iter().position(|message| message.id == id);
    // What a person has said since is not to be left for it.
    let went_on = asked.is_some_and(|asked| {
        messages[asked + 1..].iter().any(|message| message.role == Role::User)
    });
    if went_on {
        id = Uuid::now_v7().to_string();
    }
    Ok(cx.ask_message_and_wait(UiMessage::new(id, Role::User, prompt)).await)
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
