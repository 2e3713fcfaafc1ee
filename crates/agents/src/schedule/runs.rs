//! Runs on disk: how they stand, and how they end.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Run, RunStatus, ScheduleOptions};
use crate::AgentError;

/// Runs that have ended and are kept.
const KEPT_RUNS: i64 = 1_000;

pub(super) fn runs(
    db: &Connection,
    schedule_id: Option<&str>,
    limit: usize,
) -> Result<Vec<Run>, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT schedule_id, task, due, status, attempt, started_at, finished_at, error
         FROM domovoi_runs WHERE ?1 IS NULL OR schedule_id = ?1 ORDER BY id DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![schedule_id, limit], |row| {
        Ok(Run {
            schedule_id: row.get(0)?,
            task: row.get(1)?,
            due: row.get(2)?,
            status: match row.get_ref(3)?.as_str()? {
                "waiting" => RunStatus::Waiting,
                "running" => RunStatus::Running,
                "retrying" => RunStatus::Retrying,
                "succeeded" => RunStatus::Succeeded,
                "skipped" => RunStatus::Skipped,
                _ => RunStatus::Failed,
            },
            attempt: row.get(4)?,
            started_at: row.get(5)?,
            finished_at: row.get(6)?,
            error: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A run that has begun.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) run: i64,
    pub(super) schedule_id: String,
    pub(super) task: String,
    pub(super) payload: String,
    pub(super) attempt: u32,
    pub(super) options: ScheduleOptions,
    /// The schedule ends with this run.
    pub(super) last: bool,
}

/// Runs that a crash has cut off begin again with the next [`claim`](super::due::claim).
pub(super) fn recover(db: &Connection) -> Result<(), AgentError> {
    db.execute(
        "UPDATE domovoi_runs SET status = 'retrying', attempt = attempt - 1, not_before = 0
         WHERE status = 'running'",
        [],
    )?;
    Ok(())
}

pub(super) fn options(policy: Option<String>) -> Result<ScheduleOptions, AgentError> {
    Ok(match policy {
        Some(policy) => serde_json::from_str(&policy)?,
        None => ScheduleOptions::default(),
    })
}

pub(super) fn name(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Waiting => "waiting",
        RunStatus::Running => "running",
        RunStatus::Retrying => "retrying",
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
        RunStatus::Skipped => "skipped",
    }
}

/// How an attempt has ended.
#[derive(Debug)]
pub(super) enum Ending {
    Succeeded,
    Failed { error: String, terminal: bool },
}

/// Ends attempts, and answers the runs that waited for them; these have begun then.
pub(super) fn finish(
    db: &mut Connection,
    finished: &[(Job, Ending)],
    now: i64,
) -> Result<Vec<Job>, AgentError> {
    let transaction = db.transaction()?;
    let mut next = Vec::new();
    for (job, ending) in finished {
        if !retry_later(&transaction, job, ending, now)? {
            next.extend(end(&transaction, job, ending, now)?);
        }
    }
    transaction.commit()?;
    Ok(next)
}

/// Has a failed attempt made again, where that is to be.
fn retry_later(db: &Connection, job: &Job, ending: &Ending, now: i64) -> Result<bool, AgentError> {
    let Ending::Failed { error, terminal: false } = ending else { return Ok(false) };
    let Some(delay) = job.options.retry.delay_after(job.attempt) else { return Ok(false) };
    let exists = db
        .prepare_cached("SELECT 1 FROM domovoi_schedules WHERE id = ?1")?
        .exists([&job.schedule_id])?;
    if exists {
        db.prepare_cached(
            "UPDATE domovoi_runs SET status = 'retrying', not_before = ?2, error = ?3
             WHERE id = ?1",
        )?
        .execute(params![job.run, now.saturating_add(delay), error])?;
    }
    Ok(exists)
}

fn end(db: &Connection, job: &Job, ending: &Ending, now: i64) -> Result<Option<Job>, AgentError> {
    let (status, error) = match ending {
        Ending::Succeeded => (RunStatus::Succeeded, None),
        Ending::Failed { error, .. } => (RunStatus::Failed, Some(error)),
    };
    db.prepare_cached(
        "UPDATE domovoi_runs SET status = ?2, error = ?3, finished_at = ?4 WHERE id = ?1",
    )?
    .execute(params![job.run, name(status), error, now])?;
    let next = waiting(db, job, now)?;
    if job.last && next.is_none() {
        db.prepare_cached("DELETE FROM domovoi_schedules WHERE id = ?1 AND NOT waiting")?
            .execute([&job.schedule_id])?;
    }
    prune(db, job.run)?;
    Ok(next)
}

/// Begins the run that waited for this one.
fn waiting(db: &Connection, job: &Job, now: i64) -> Result<Option<Job>, AgentError> {
    let next: Option<(i64, String)> = db
        .prepare_cached(
            "SELECT r.id, s.payload FROM domovoi_runs r
             JOIN domovoi_schedules s ON s.id = r.schedule_id
             WHERE r.schedule_id = ?1 AND r.status = 'waiting' ORDER BY r.id LIMIT 1",
        )?
        .query_row([&job.schedule_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((run, payload)) = next else { return Ok(None) };
    db.prepare_cached(
        "UPDATE domovoi_runs SET status = 'running', attempt = 1, started_at = ?2 WHERE id = ?1",
    )?
    .execute(params![run, now])?;
    Ok(Some(Job {
        run,
        schedule_id: job.schedule_id.clone(),
        task: job.task.clone(),
        payload,
        attempt: 1,
        options: job.options.clone(),
        last: job.last,
    }))
}

/// Forgets old runs, now and then.
fn prune(db: &Connection, newest: i64) -> Result<(), AgentError> {
    const EVERY: i64 = 64;
    if newest % EVERY == 0 {
        db.prepare_cached(
            "DELETE FROM domovoi_runs
             WHERE id <= ?1 AND status IN ('succeeded', 'failed', 'skipped')",
        )?
        .execute([newest - KEPT_RUNS])?;
    }
    Ok(())
}
