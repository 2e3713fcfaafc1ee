//! What the page of tasks shows.

use std::collections::HashMap;

use domovoi_agents::{
    prelude::*,
    schedule::{Run, RunStatus, ScheduleFilter},
};
use domovoi_app::{
    language::Lang,
    types::tasks::{RunView, TaskView, TasksView},
};

use super::{Tasks, store, timing};
use crate::languages::say;

/// Runs that are looked at: all that the runtime keeps.
const MOST_RUNS: usize = 1_000;
/// Runs that are shown of each task.
const SHOWN_RUNS: usize = 10;
/// Most reminders that are shown.
const MOST_REMINDERS: usize = 200;

pub(super) fn list(cx: &Context<Tasks>, lang: Lang) -> Result<TasksView> {
    let owners: HashMap<String, String> = store::owners(cx)?.into_iter().collect();
    let mut runs: HashMap<&str, Vec<Run>> = HashMap::new();
    for run in cx.runs(None, MOST_RUNS)? {
        if let Some(task) = owners.get(&run.schedule_id) {
            let runs = runs.entry(task).or_default();
            if runs.len() < SHOWN_RUNS {
                runs.push(run);
            }
        }
    }
    let schedules: HashMap<String, Schedule> = cx
        .get_schedules(&ScheduleFilter::default())?
        .into_iter()
        .map(|schedule| (schedule.id.clone(), schedule))
        .collect();
    let tasks = store::all(cx)?.into_iter().map(|task| {
        let zone = timing::zone(&task.zone);
        let next = schedules.get(&task.schedule).filter(|_| !task.paused);
        let runs = runs.remove(task.id.as_str()).unwrap_or_default();
        TaskView {
            timing: timing::describe(&task.as_new(), lang),
            next: next.map(|schedule| timing::next(schedule, &zone, lang)).unwrap_or_default(),
            runs: runs.into_iter().map(|run| run_view(run, &zone, lang)).collect(),
            id: task.id,
            prompt: task.prompt,
            paused: task.paused,
            conversation: task.conversation,
        }
    });
    let reminders = store::reminders(cx, MOST_REMINDERS)?;
    Ok(TasksView {
        tasks: tasks.collect(),
        reminders: reminders.into_iter().map(|reminder| reminder.view(lang)).collect(),
        zone: timing::system_zone(),
    })
}

fn run_view(run: Run, zone: &jiff::tz::TimeZone, lang: Lang) -> RunView {
    let status = match run.status {
        RunStatus::Waiting => "waiting",
        RunStatus::Running => "running",
        RunStatus::Retrying => "retrying",
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
        RunStatus::Skipped => "skipped",
    };
    let error = run.error.map(|error| say(&error, lang));
    RunView { due: timing::words(run.due, zone, lang), status: status.to_owned(), error }
}
