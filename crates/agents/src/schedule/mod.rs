//! Tasks that run later: schedules and the queue.
//!
//! | module | what is in it |
//! |---|---|
//! | `timing` | [`When`]: delay, date, [`Cron`], [`Every`] |
//! | `policy` | [`ScheduleOptions`]: [`Retry`], [`Overlap`], [`CatchUp`] |
//! | `store`, `runs` | schedules and runs on disk |
//! | `due` | what is due becomes runs |
//! | `queue` | tasks that run one after the other |
//! | `runner` | what is due runs, and the alarm is set for what is not |
//!
//! A schedule is in the instance's own database. When the next one is due is in the central
//! index as well, and is written there first, so that a crash can cause an early wake and never a
//! missed run. Runs are delivered at least once: one that a crash has cut off begins again.

mod due;
mod pending;
mod policy;
mod queue;
mod runner;
mod runs;
mod store;
mod timing;

use std::time::SystemTime;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

pub(crate) use self::pending::has_work;
pub(crate) use self::runner::{Scheduler, alarm};
pub use self::{
    policy::{CatchUp, Overlap, Retry, ScheduleOptions},
    queue::QueuedTask,
    timing::{Cron, Every, ScheduleKind, Timing, When},
};
use crate::{
    Agent, AgentError, Context, Task,
    clock::{from_millis, to_millis},
    storage::Tables,
};

/// What names of tasks begin with that are the runtime's own. No method has such a name, and the
/// schedules of such tasks are not shown.
pub(crate) const RUNTIME_TASK: &str = "domovoi:";

/// A task that is to run at some time, or again and again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Schedule {
    /// Its id.
    pub id: String,
    /// Name of the task.
    #[serde(rename = "callback")]
    pub task: String,
    /// What the task is called with.
    pub payload: Value,
    /// When it is due next, in seconds since 1970, to the millisecond.
    #[serde(rename = "time")]
    pub due: f64,
    /// Kind of schedule.
    #[serde(flatten)]
    pub timing: Timing,
    /// The key it was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Schedule {
    /// When it is due next and after that, at most `count` times.
    #[must_use]
    pub fn upcoming(&self, count: usize) -> Vec<SystemTime> {
        let first = Some((self.due * 1000.0).round() as i64);
        let after = |due: &i64| self.timing.next(*due, *due).ok().flatten();
        std::iter::successors(first, after).take(count).map(from_millis).collect()
    }
}

/// Which schedules are asked for; all where nothing is set.
#[derive(Debug, Clone, Default)]
pub struct ScheduleFilter {
    /// The one with this id.
    pub id: Option<String>,
    /// The one that was made with this key.
    pub key: Option<String>,
    /// Those of the task of this name: [`Task::name`].
    pub task: Option<String>,
    /// Those of this kind.
    pub kind: Option<ScheduleKind>,
    /// Those due at this time or later.
    pub from: Option<SystemTime>,
    /// Those due before this time.
    pub to: Option<SystemTime>,
}

/// One run of a schedule, or a task of the queue that has failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Run {
    /// Id of the schedule, or of the task in the queue.
    pub schedule_id: String,
    /// Name of the task.
    pub task: String,
    /// When it was due, in milliseconds since 1970.
    pub due: i64,
    /// How it stands.
    pub status: RunStatus,
    /// The attempt that runs or was the last, counted from 1.
    pub attempt: u32,
    /// When the attempt began, in milliseconds since 1970.
    pub started_at: Option<i64>,
    /// When the run ended, in milliseconds since 1970.
    pub finished_at: Option<i64>,
    /// Why the last attempt failed, or why the run was skipped.
    pub error: Option<String>,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Waits for the run before it.
    Waiting,
    /// Runs.
    Running,
    /// Has failed and is tried again.
    Retrying,
    /// Has ended well.
    Succeeded,
    /// Has failed for good.
    Failed,
    /// Was left out.
    Skipped,
}

/// Schedules and the queue.
impl<A: Agent> Context<A> {
    /// Has a task run at some time, or again and again. It is durable when this returns.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use domovoi_agents::prelude::*;
    /// # #[derive(Default)] struct Reminder;
    /// #[agent]
    /// impl Reminder {
    ///     #[task]
    ///     async fn remind(&self, cx: &Context<Self>, text: String) -> Result<()> {
    ///         cx.broadcast(text);
    ///         Ok(())
    ///     }
    ///
    ///     #[callable]
    ///     fn remind_me(&self, cx: &Context<Self>, text: String) -> Result<Schedule> {
    ///         cx.schedule(Cron::parse("0 9 * * *")?, Self::REMIND, text.clone())?;
    ///         Ok(cx.schedule(Duration::from_secs(60), Self::REMIND, text)?)
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`AgentError::InvalidSchedule`], [`AgentError::TooManySchedules`], [`AgentError::Json`]
    /// where the payload cannot be written as JSON, [`AgentError::Database`].
    pub fn schedule<P: Serialize + DeserializeOwned>(
        &self,
        when: impl Into<When>,
        task: Task<A, P>,
        payload: P,
    ) -> Result<Schedule, AgentError> {
        self.schedule_with(when, task, payload, ScheduleOptions::default())
    }

    /// As [`Context::schedule`], with a key, a retry policy and the like.
    ///
    /// # Errors
    /// As [`Context::schedule`].
    pub fn schedule_with<P: Serialize + DeserializeOwned>(
        &self,
        when: impl Into<When>,
        task: Task<A, P>,
        payload: P,
        options: ScheduleOptions,
    ) -> Result<Schedule, AgentError> {
        let now = self.agents().clock().now();
        let (timing, due) = when.into().first(now)?;
        let payload = serde_json::to_string(&payload)?;
        let new = store::New { task: task.name(), payload, timing, due, options, now };
        self.scheduler().before(self, due)?;
        self.scheduler().make_room(self)?;
        self.database().write(Tables::Schedules, |db| store::insert(db, new))
    }

    /// The schedule with this id, where there is one.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn get_schedule(&self, id: &str) -> Result<Option<Schedule>, AgentError> {
        let filter = ScheduleFilter { id: Some(id.to_owned()), ..ScheduleFilter::default() };
        Ok(self.get_schedules(&filter)?.pop())
    }

    /// The schedules that are asked for, those that are due first in front. One whose last run has
    /// begun is among [`Context::runs`], and here only where it is tried again.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn get_schedules(&self, filter: &ScheduleFilter) -> Result<Vec<Schedule>, AgentError> {
        let range = (filter.from.map(to_millis), filter.to.map(to_millis));
        Ok(self
            .database()
            .read(Tables::Schedules, |db| store::select(db, filter, range))?
            .unwrap_or_default())
    }

    /// Removes a schedule, with the runs of it that wait; one that runs goes on. Whether there was
    /// one.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn cancel_schedule(&self, id: &str) -> Result<bool, AgentError> {
        Ok(self.database().read(Tables::Schedules, |db| store::cancel(db, id))?.unwrap_or_default())
    }

    /// Removes the schedule that was made with this [key](ScheduleOptions::key), as
    /// [`Context::cancel_schedule`] does. Whether there was one.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn cancel_schedule_with_key(&self, key: &str) -> Result<bool, AgentError> {
        let filter = ScheduleFilter { key: Some(key.to_owned()), ..ScheduleFilter::default() };
        Ok(self.cancel_schedules(&filter)? > 0)
    }

    /// Removes all schedules of a task, as [`Context::cancel_schedule`] does. How many there were.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn cancel_schedules_of<P>(&self, task: Task<A, P>) -> Result<usize, AgentError> {
        let task = Some(task.name().to_owned());
        self.cancel_schedules(&ScheduleFilter { task, ..ScheduleFilter::default() })
    }

    /// Removes the schedules that [`Context::get_schedules`] finds, all or none of them, as
    /// [`Context::cancel_schedule`] does. How many there were.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn cancel_schedules(&self, filter: &ScheduleFilter) -> Result<usize, AgentError> {
        let range = (filter.from.map(to_millis), filter.to.map(to_millis));
        Ok(self
            .database()
            .read(Tables::Schedules, |db| store::cancel_all(db, filter, range))?
            .unwrap_or_default())
    }

    /// The newest runs of a schedule, or of all, at most `limit`, the newest first. A thousand are
    /// kept of each instance.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn runs(&self, schedule_id: Option<&str>, limit: usize) -> Result<Vec<Run>, AgentError> {
        Ok(self
            .database()
            .read(Tables::Schedules, |db| runs::runs(db, schedule_id, limit))?
            .unwrap_or_default())
    }

    /// Has a task run in the background, after those that were queued before. It is durable when
    /// this returns.
    ///
    /// # Errors
    /// [`AgentError::TooManySchedules`], [`AgentError::Json`], [`AgentError::Database`].
    pub fn queue<P: Serialize + DeserializeOwned>(
        &self,
        task: Task<A, P>,
        payload: P,
    ) -> Result<QueuedTask, AgentError> {
        self.queue_with(task, payload, Retry::default())
    }

    /// As [`Context::queue`], with another way to try again. Those behind it wait meanwhile.
    ///
    /// # Errors
    /// As [`Context::queue`].
    pub fn queue_with<P: Serialize + DeserializeOwned>(
        &self,
        task: Task<A, P>,
        payload: P,
        retry: Retry,
    ) -> Result<QueuedTask, AgentError> {
        let now = self.agents().clock().now();
        let queued = QueuedTask {
            id: Uuid::now_v7().to_string(),
            task: task.name().to_owned(),
            payload: serde_json::to_value(payload)?,
            attempt: 0,
            error: None,
        };
        let limit = self.agents().config().max_schedules;
        self.scheduler().before(self, now)?;
        self.database()
            .write(Tables::Schedules, |db| queue::push(db, &queued, retry, now, limit))?;
        runner::run_queue(self);
        Ok(queued)
    }

    /// Takes a task out of the queue. Whether it was there; one that runs goes on.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn dequeue(&self, id: &str) -> Result<bool, AgentError> {
        Ok(self.database().read(Tables::Schedules, |db| queue::remove(db, id))?.unwrap_or_default())
    }

    /// The tasks in the queue, in order, the one that runs among them.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn queued(&self) -> Result<Vec<QueuedTask>, AgentError> {
        Ok(self.database().read(Tables::Schedules, |db| queue::all(db))?.unwrap_or_default())
    }
}
