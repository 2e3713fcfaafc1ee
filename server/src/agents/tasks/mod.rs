//! Tasks: what the assistant is to do at some time, or again and again, each in a conversation of
//! its own. And the reminders that it has set in conversations, which tell this agent of them.
//!
//! | module | what is in it |
//! |---|---|
//! | `timing` | what a person writes, as a time of the scheduler's, and back in words |
//! | `store` | tasks, which schedule is whose, reminders |
//! | `list` | what the page shows |
//! | `reminder` | a reminder of a conversation |
//! | `perform` | a run: the assistant is asked, and how that ends is how the run ends |

mod list;
mod perform;
mod reminder;
mod store;
mod timing;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domovoi_agents::{prelude::*, schedule::Retry};
use domovoi_app::{
    language::Lang,
    types::tasks::{NewTask, TaskKind, TaskProblems, TasksState, TasksView},
};
use uuid::Uuid;

use self::store::Stored;
use super::{Assistant, server_only};
use crate::languages::say;

pub(super) use reminder::Reminder;

/// Most tasks.
const MAX_TASKS: usize = 200;
/// Longest prompt, in bytes.
const MAX_PROMPT: usize = 8_000;

/// Tasks and reminders.
#[derive(Clone, Default)]
pub(crate) struct Tasks {
    /// Conversations were asked for their reminders since the process began.
    asked: Arc<AtomicBool>,
}

#[agent(state = TasksState)]
impl Tasks {
    fn validate_state(
        &self,
        _cx: &Context<Self>,
        _state: &TasksState,
        source: &StateSource,
    ) -> Result<()> {
        server_only(source, "tasks are changed by calls")
    }

    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        store::create(cx)?;
        // Whatever a crash has left between the two steps of a change.
        for task in store::all(cx)?.into_iter().filter(|task| task.paused) {
            cx.cancel_schedule(&task.schedule)?;
        }
        if !self.asked.swap(true, Ordering::Relaxed) {
            let known = store::conversations(cx)?;
            let agents = cx.agents().clone();
            cx.spawn(async move {
                if let Err(error) = perform::ask_for_reminders(&agents, known).await {
                    tracing::warn!(%error, "reminders cannot be looked at");
                }
            });
        }
        Ok(())
    }

    fn on_runs_end(&self, cx: &Context<Self>) {
        if let Err(error) = changed(cx) {
            tracing::warn!(%error, "the page of tasks cannot be told");
        }
    }

    /// All tasks and reminders.
    #[callable]
    fn list(&self, cx: &Context<Self>, connection: &Connection) -> Result<TasksView> {
        self.view(cx, Lang::of(connection.headers()))
    }

    /// All tasks and reminders, for who reads this language.
    pub(crate) fn view(&self, cx: &Context<Self>, lang: Lang) -> Result<TasksView> {
        list::list(cx, lang)
    }

    /// Makes a task, where nothing is wrong with it.
    #[callable]
    fn create(
        &self,
        cx: &Context<Self>,
        connection: &Connection,
        new: NewTask,
    ) -> Result<TaskProblems> {
        if store::all(cx)?.len() >= MAX_TASKS {
            return Err(format!("There are {MAX_TASKS} tasks. Delete one first.").into());
        }
        let mut problems = TaskProblems::default();
        let prompt = new.prompt.trim();
        if prompt.is_empty() || prompt.len() > MAX_PROMPT {
            let problem = format!("A task has a text of 1 to {MAX_PROMPT} characters.");
            problems.prompt = Some(problem);
        }
        let when = timing::when(&new, &mut problems);
        let (Some(when), None) = (when, &problems.prompt) else {
            let lang = Lang::of(connection.headers());
            let said = |problem: Option<String>| problem.map(|problem| say(&problem, lang));
            let TaskProblems { prompt, when, zone } = problems;
            return Ok(TaskProblems { prompt: said(prompt), when: said(when), zone: said(zone) });
        };
        let mut task = Stored {
            id: Uuid::now_v7().to_string(),
            prompt: prompt.to_owned(),
            kind: new.kind,
            at: new.when.trim().to_owned(),
            zone: new.zone.trim().to_owned(),
            paused: false,
            conversation: Uuid::new_v4().to_string(),
            schedule: String::new(),
        };
        // A schedule without a task does nothing, and a task without one would never run.
        task.schedule = cx.schedule_with(when, Self::PERFORM, task.id.clone(), options(&task))?.id;
        store::put(cx, &task)?;
        changed(cx)?;
        Ok(problems)
    }

    /// Has a task not run until it is resumed.
    #[callable]
    fn pause(&self, cx: &Context<Self>, id: String) -> Result<()> {
        let mut task = store::get(cx, &id)?;
        task.paused = true;
        store::put(cx, &task)?;
        cx.cancel_schedule(&task.schedule)?;
        changed(cx)
    }

    /// Has a paused task run again.
    #[callable]
    fn resume(&self, cx: &Context<Self>, id: String) -> Result<()> {
        let mut task = store::get(cx, &id)?;
        let mut problems = TaskProblems::default();
        let Some(when) = timing::when(&task.as_new(), &mut problems) else {
            let problem = problems.when.or(problems.zone);
            return Err(problem.unwrap_or_else(|| "The task cannot run.".to_owned()).into());
        };
        task.schedule = cx.schedule_with(when, Self::PERFORM, id, options(&task))?.id;
        task.paused = false;
        store::put(cx, &task)?;
        changed(cx)
    }

    /// Runs a task now, beside its times.
    #[callable]
    fn run_now(&self, cx: &Context<Self>, id: String) -> Result<()> {
        let task = store::get(cx, &id)?;
        let run = cx.schedule_with(
            Duration::ZERO,
            Self::PERFORM,
            perform::once(&id),
            ScheduleOptions::default().retry(RETRY),
        )?;
        store::belongs(cx, &run.id, &task.id)?;
        changed(cx)
    }

    /// Deletes a task with its history; its conversation stays.
    #[callable]
    fn remove(&self, cx: &Context<Self>, id: String) -> Result<()> {
        for schedule in store::schedules(cx, &id)? {
            cx.cancel_schedule(&schedule)?;
        }
        store::remove(cx, &id)?;
        changed(cx)
    }

    /// Cancels a reminder of a conversation.
    #[callable]
    async fn cancel_reminder(
        &self,
        cx: &Context<Self>,
        conversation: String,
        id: String,
    ) -> Result<()> {
        let assistant = cx.agents().get::<Assistant>(&conversation)?;
        assistant
            .run(move |assistant, cx| async move {
                assistant.cancel_reminder(&cx, &id)?;
                assistant.tell_reminders(&cx).await
            })
            .await?
    }

    /// A run is due: the assistant is asked, and the run ends as its answer does.
    #[task]
    async fn perform(&self, cx: &Context<Self>, run: String) -> Result<()> {
        changed(cx)?;
        perform::perform(cx, &run).await
    }

    /// Takes in the reminders of a conversation: all of them.
    pub(super) fn report(
        &self,
        cx: &Context<Self>,
        conversation: &str,
        reminders: &[Reminder],
    ) -> Result<()> {
        match store::replace_reminders(cx, conversation, reminders)? {
            true => changed(cx),
            false => Ok(()),
        }
    }
}

/// A run whose answer fails is tried twice more: models are out of reach for minutes at times.
const RETRY: Retry = Retry {
    max_attempts: 3,
    first_delay: Duration::from_secs(60),
    max_delay: Duration::from_secs(3600),
};

fn options(task: &Stored) -> ScheduleOptions {
    let key = format!("task:{}", task.id);
    let options = ScheduleOptions::default().retry(RETRY);
    match task.kind {
        // A date that is the same again, after it was paused, is another run.
        TaskKind::Once => options,
        TaskKind::Cron | TaskKind::Every => options.key(key),
    }
}

/// Tells every page.
fn changed(cx: &Context<Tasks>) -> Result<()> {
    Ok(cx.update_state(|state| state.revision += 1)?)
}
