//! What is due runs, and the alarm is set for what is not.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{
    RUNTIME_TASK, due, queue,
    runs::{self, Ending, Job},
    store,
};
use crate::{
    Agent, AgentError, Context, HandlerError, Result,
    storage::{Alarm, Tables},
};

/// Runs of one instance at a time.
const MOST_AT_ONCE: usize = 128;

/// What an instance knows of its schedules while it is awake.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Runs that were cut off by a crash have been found.
    recovered: bool,
    /// Runs that have begun and whose end is not stored.
    in_flight: usize,
    finished: Vec<(Job, Ending)>,
    /// Runs whose end could not be stored. Asleep they are forgotten, and count as cut off.
    unstored: Vec<(Job, Ending)>,
    /// There may be more that is due.
    more: bool,
    queue_runs: bool,
    /// The alarm is about to be set.
    arming: bool,
    /// The alarm in the central index; `None` where it is not known.
    armed: Option<Option<Alarm>>,
    /// Schedules there are at most; `None` where nobody has counted yet.
    most_schedules: Option<usize>,
    /// Who wants to know when nothing is due any more.
    waiting: Vec<oneshot::Sender<()>>,
}

impl State {
    fn is_busy(&self) -> bool {
        self.in_flight > 0 || self.queue_runs
    }
}

impl Scheduler {
    /// Makes sure that the instance is woken at `due` before anything is written that needs it.
    pub(super) fn before<A: Agent>(&self, cx: &Context<A>, due: i64) -> Result<(), AgentError> {
        let index = cx.agents().storage().index();
        let mut state = self.state.lock();
        let armed = match state.armed {
            Some(armed) => armed,
            None => index.alarm(cx.id())?,
        };
        let open = state.is_busy() || armed.is_some_and(|alarm| alarm.open);
        let earlier = Alarm { due: armed.map_or(due, |alarm| alarm.due.min(due)), open };
        if state.armed.is_none() || armed != Some(earlier) {
            index.set_alarm(cx.id(), Some(earlier))?;
        }
        state.armed = Some(Some(earlier));
        Ok(())
    }
}

impl Scheduler {
    /// Counts one schedule more, and only where that might be too many all of them.
    pub(super) fn make_room<A: Agent>(&self, cx: &Context<A>) -> Result<(), AgentError> {
        let limit = cx.agents().config().max_schedules;
        let mut state = self.state.lock();
        let counted = match state.most_schedules.filter(|most| *most < limit) {
            Some(most) => most,
            None => cx.database().read(Tables::Schedules, |db| store::count(db))?.unwrap_or(0),
        };
        if counted >= limit {
            return Err(AgentError::TooManySchedules(limit));
        }
        state.most_schedules = Some(counted + 1);
        Ok(())
    }
}

/// Runs what is due; `done` is told when nothing is left that is.
pub(crate) fn alarm<A: Agent>(cx: &Context<A>, done: oneshot::Sender<()>) {
    {
        let mut state = cx.scheduler().state.lock();
        // It has fired.
        state.armed = None;
        state.waiting.push(done);
        state.more = true;
    }
    match cx.database().read(Tables::Schedules, |db| queue::head(db)) {
        Ok(None | Some(None)) => tick(cx),
        _ => run_queue(cx),
    }
}

/// Begins what is due, as far as there is room, and sets the alarm.
fn tick<A: Agent>(cx: &Context<A>) {
    if let Err(error) = begin_due(cx).and_then(|()| settle(cx)) {
        tracing::error!(instance = %cx.id(), %error, "schedules cannot be run");
        put_off(cx);
    }
}

/// What the instance has to write cannot be written: everything waits for a while.
fn put_off<A: Agent>(cx: &Context<A>) {
    {
        let mut state = cx.scheduler().state.lock();
        state.armed = None;
        state.waiting.clear();
    }
    cx.agents().postpone_alarm(cx.id());
}

fn begin_due<A: Agent>(cx: &Context<A>) -> Result<(), AgentError> {
    let unstored = std::mem::take(&mut cx.scheduler().state.lock().unstored);
    if !unstored.is_empty() {
        store_ends(cx, unstored)?;
    }
    loop {
        let (room, recovered) = {
            let mut state = cx.scheduler().state.lock();
            if !state.more || state.in_flight > MOST_AT_ONCE / 2 {
                return Ok(());
            }
            let recovered = std::mem::replace(&mut state.recovered, true);
            (MOST_AT_ONCE - state.in_flight, recovered)
        };
        let now = cx.agents().clock().now();
        let claimed = cx.database().read(Tables::Schedules, |db| {
            if !recovered {
                runs::recover(db)?;
            }
            due::claim(db, now, room)
        })?;
        let claimed = claimed.unwrap_or_default();
        {
            let mut state = cx.scheduler().state.lock();
            state.more = claimed.more;
            state.in_flight += claimed.jobs.len();
        }
        claimed.jobs.into_iter().for_each(|job| spawn(cx, job));
    }
}

/// Begins a job that is counted already.
fn spawn<A: Agent>(cx: &Context<A>, job: Job) {
    let owner = cx.clone();
    cx.spawn(async move {
        let ending = match perform(&owner, &job.task, &job.payload).await {
            Ok(()) => Ending::Succeeded,
            Err(error) => {
                tracing::warn!(instance = %owner.id(), task = job.task, attempt = job.attempt, error = error.for_log(), "a scheduled task failed");
                owner.failed(&format!("task {}, attempt {}", job.task, job.attempt), &error);
                Ending::Failed { error: error.to_string(), terminal: error.is_terminal() }
            }
        };
        let first = {
            let mut state = owner.scheduler().state.lock();
            state.finished.push((job, ending));
            state.finished.len() == 1
        };
        if first {
            // Those that end together are stored together.
            tokio::task::yield_now().await;
            finish(&owner);
        }
    });
}

/// Stores how runs have ended, and begins those that have waited for them.
fn finish<A: Agent>(cx: &Context<A>) {
    let finished = std::mem::take(&mut cx.scheduler().state.lock().finished);
    let failed = finished.iter().any(|(_, ending)| matches!(ending, Ending::Failed { .. }));
    cx.scheduler().state.lock().in_flight -= finished.len();
    if let Err(error) = store_ends(cx, finished) {
        tracing::error!(instance = %cx.id(), %error, "the end of a run cannot be stored");
        return put_off(cx);
    }
    cx.this().on_runs_end(cx);
    let look = {
        let state = cx.scheduler().state.lock();
        state.in_flight == 0 || state.more || failed
    };
    if look {
        tick(cx);
    }
}

/// As [`finish`]; where it fails, all of them are kept for the next [`tick`].
fn store_ends<A: Agent>(cx: &Context<A>, ends: Vec<(Job, Ending)>) -> Result<(), AgentError> {
    let now = cx.agents().clock().now();
    match cx.database().write(Tables::Schedules, |db| runs::finish(db, &ends, now)) {
        Ok(next) => {
            cx.scheduler().state.lock().in_flight += next.len();
            next.into_iter().for_each(|job| spawn(cx, job));
            Ok(())
        }
        Err(error) => {
            cx.scheduler().state.lock().unstored.extend(ends);
            Err(error)
        }
    }
}

/// Calls a task; a panic is an error as any other.
async fn perform<A: Agent>(cx: &Context<A>, task: &str, payload: &str) -> Result<()> {
    if task.starts_with(RUNTIME_TASK)
        && let Some(extension) = cx.extension()
    {
        let run = extension.on_task(cx, task, payload);
        return AssertUnwindSafe(run)
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(AgentError::Panicked.into()));
    }
    let Some(entry) = A::tasks().iter().find(|entry| entry.name == task) else {
        return Err(HandlerError::new(format!("there is no task `{task}` any more")).terminal());
    };
    let run = (entry.run)(Arc::clone(cx.this()), cx.clone(), payload);
    AssertUnwindSafe(run).catch_unwind().await.unwrap_or_else(|_| Err(AgentError::Panicked.into()))
}

/// Runs the queue, unless it runs already.
pub(super) fn run_queue<A: Agent>(cx: &Context<A>) {
    if std::mem::replace(&mut cx.scheduler().state.lock().queue_runs, true) {
        return;
    }
    let owner = cx.clone();
    cx.spawn(async move {
        let result = drain_queue(&owner).await;
        owner.scheduler().state.lock().queue_runs = false;
        match result {
            Ok(()) => tick(&owner),
            Err(error) => {
                tracing::error!(instance = %owner.id(), %error, "the queue cannot be run");
                put_off(&owner);
            }
        }
    });
}

async fn drain_queue<A: Agent>(cx: &Context<A>) -> Result<(), AgentError> {
    let head = || {
        Ok::<_, AgentError>(cx.database().read(Tables::Schedules, |db| queue::head(db))?.flatten())
    };
    while let Some(head) = head()? {
        if head.not_before > cx.agents().clock().now() {
            break;
        }
        match perform(cx, &head.task, &head.payload).await {
            Ok(()) => {
                cx.database().write(Tables::Schedules, |db| queue::remove(db, &head.id))?;
            }
            Err(error) => {
                tracing::warn!(instance = %cx.id(), task = head.task, attempt = head.attempt, error = error.for_log(), "a queued task failed");
                cx.failed(&format!("queued task {}, attempt {}", head.task, head.attempt), &error);
                let now = cx.agents().clock().now();
                let text = error.to_string();
                cx.database().write(Tables::Schedules, |db| {
                    queue::failed(db, &head, &text, error.is_terminal(), now)
                })?;
            }
        }
    }
    Ok(())
}

/// Sets the alarm for what comes next. While something runs, a crash would have to wake the instance
/// at once; that is not written before it is known to take its time.
fn settle<A: Agent>(cx: &Context<A>) -> Result<(), AgentError> {
    {
        let mut state = cx.scheduler().state.lock();
        if !state.is_busy() {
            drop(state);
            return arm(cx);
        }
        if std::mem::replace(&mut state.arming, true) {
            return Ok(());
        }
    }
    let owner = cx.clone();
    cx.spawn(async move {
        // Everything that has just begun is polled once before this goes on.
        tokio::task::yield_now().await;
        {
            let mut state = owner.scheduler().state.lock();
            state.arming = false;
            if !state.is_busy() {
                // The last one to end has set the alarm.
                return;
            }
        }
        if let Err(error) = arm(&owner) {
            tracing::error!(instance = %owner.id(), %error, "the alarm cannot be set");
        }
    });
    Ok(())
}

fn arm<A: Agent>(cx: &Context<A>) -> Result<(), AgentError> {
    let next = cx.database().read(Tables::Schedules, |db| store::next(db))?.flatten();
    let mut state = cx.scheduler().state.lock();
    let open = state.is_busy();
    let alarm = match (next, open) {
        // What is due already waits for room among those that run.
        (Some(due), true) if due <= cx.agents().clock().now() => {
            Some(Alarm { due: i64::MAX, open })
        }
        (Some(due), open) => Some(Alarm { due, open }),
        (None, true) => Some(Alarm { due: i64::MAX, open }),
        (None, false) => None,
    };
    if state.armed != Some(alarm) {
        cx.agents().storage().index().set_alarm(cx.id(), alarm)?;
        state.armed = Some(alarm);
    }
    if !open {
        state.waiting.drain(..).for_each(|done| {
            let _ = done.send(());
        });
    }
    Ok(())
}
