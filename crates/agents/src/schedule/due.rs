//! What is due becomes runs: missed ones, overlaps, second attempts.

use rusqlite::{Connection, named_params, params};

use super::{
    CatchUp, Overlap, RunStatus, ScheduleOptions, Timing,
    runs::{Job, name, options},
};
use crate::AgentError;

/// A run that is later than this was missed, in milliseconds.
const MISSED_AFTER_MS: i64 = 60_000;

/// Missed runs of one schedule that are made up for.
const MOST_MISSED: usize = 1_000;

/// What [`claim`] has found.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    pub(super) jobs: Vec<Job>,
    /// There may be more.
    pub(super) more: bool,
}

/// Begins runs that are due, at most about `limit`.
pub(super) fn claim(db: &mut Connection, now: i64, limit: usize) -> Result<Claimed, AgentError> {
    let transaction = db.transaction()?;
    let mut claimed = Claimed::default();
    retries(&transaction, now, limit, &mut claimed)?;
    due(&transaction, now, limit, &mut claimed)?;
    transaction.commit()?;
    Ok(claimed)
}

fn retries(
    db: &Connection,
    now: i64,
    limit: usize,
    claimed: &mut Claimed,
) -> Result<(), AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT r.id, s.id, s.task, s.payload, r.attempt + 1, s.policy, NOT s.waiting
         FROM domovoi_runs r JOIN domovoi_schedules s ON s.id = r.schedule_id
         WHERE r.status = 'retrying' AND r.not_before <= ?1 ORDER BY r.not_before LIMIT ?2",
    )?;
    let limit_rows = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![now, limit_rows])?;
    while let Some(row) = rows.next()? {
        claimed.jobs.push(Job {
            run: row.get(0)?,
            schedule_id: row.get(1)?,
            task: row.get(2)?,
            payload: row.get(3)?,
            attempt: row.get(4)?,
            options: options(row.get(5)?)?,
            last: row.get(6)?,
        });
    }
    for job in &claimed.jobs {
        db.prepare_cached(
            "UPDATE domovoi_runs SET status = 'running', attempt = ?2, started_at = ?3 WHERE id = ?1",
        )?
        .execute(params![job.run, job.attempt, now])?;
    }
    claimed.more = claimed.jobs.len() >= limit;
    Ok(())
}

/// A schedule that is due.
struct DueSchedule {
    id: String,
    task: String,
    payload: String,
    timing: Timing,
    options: ScheduleOptions,
    due: i64,
}

fn due(db: &Connection, now: i64, limit: usize, claimed: &mut Claimed) -> Result<(), AgentError> {
    let found = {
        let mut statement = db.prepare_cached(
            "SELECT id, task, payload, timing, policy, due FROM domovoi_schedules
             WHERE waiting AND due <= ?1 ORDER BY due LIMIT ?2",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![now, limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(DueSchedule {
                id: row.get(0)?,
                task: row.get(1)?,
                payload: row.get(2)?,
                timing: serde_json::from_str(
                    row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?,
                )?,
                options: options(row.get(4)?)?,
                due: row.get(5)?,
            });
        }
        found
    };
    claimed.more |= found.len() >= limit;
    for schedule in found {
        begin(db, now, schedule, claimed)?;
    }
    Ok(())
}

/// Begins what is due of one schedule, and sets when it is due next.
fn begin(
    db: &Connection,
    now: i64,
    schedule: DueSchedule,
    claimed: &mut Claimed,
) -> Result<(), AgentError> {
    let Occurrences { run, skipped, next } = occurrences(&schedule, now)?;
    let last = next.is_none();
    match next {
        Some(next) => db
            .prepare_cached("UPDATE domovoi_schedules SET due = ?2 WHERE id = ?1")?
            .execute(params![schedule.id, next])?,
        None if run.is_empty() => db
            .prepare_cached("DELETE FROM domovoi_schedules WHERE id = ?1")?
            .execute([&schedule.id])?,
        None => db
            .prepare_cached("UPDATE domovoi_schedules SET waiting = 0 WHERE id = ?1")?
            .execute([&schedule.id])?,
    };
    if let Some(missed) = skipped {
        insert_run(db, &schedule, missed, RunStatus::Skipped, now, Some("it was missed"))?;
    }
    for due in run {
        let overlaps = schedule.options.overlap != Overlap::Allow
            && db
                .prepare_cached(
                    "SELECT 1 FROM domovoi_runs WHERE schedule_id = ?1
                     AND status IN ('waiting', 'running', 'retrying')",
                )?
                .exists([&schedule.id])?;
        match (overlaps, schedule.options.overlap) {
            (true, Overlap::Queue) => {
                insert_run(db, &schedule, due, RunStatus::Waiting, now, None)?;
            }
            // Of several that were missed, each waits for the one before.
            (true, _)
                if schedule.options.catch_up == CatchUp::All && now - due > MISSED_AFTER_MS =>
            {
                insert_run(db, &schedule, due, RunStatus::Waiting, now, None)?;
            }
            (true, _) => {
                let why = Some("the run before it had not ended");
                insert_run(db, &schedule, due, RunStatus::Skipped, now, why)?;
            }
            (false, _) => {
                let run = insert_run(db, &schedule, due, RunStatus::Running, now, None)?;
                claimed.jobs.push(Job {
                    run,
                    schedule_id: schedule.id.clone(),
                    task: schedule.task.clone(),
                    payload: schedule.payload.clone(),
                    attempt: 1,
                    options: schedule.options.clone(),
                    last,
                });
            }
        }
    }
    Ok(())
}

/// What is due of a schedule.
struct Occurrences {
    /// Times of the runs to make.
    run: Vec<i64>,
    /// Time of the last run that is left out.
    skipped: Option<i64>,
    next: Option<i64>,
}

fn occurrences(schedule: &DueSchedule, now: i64) -> Result<Occurrences, AgentError> {
    let DueSchedule { timing, options, due, .. } = schedule;
    let (mut run, mut skipped) = (Vec::new(), None);
    let mut next = Some(*due);
    if options.catch_up == CatchUp::All {
        while let Some(time) = next.filter(|time| *time <= now && run.len() < MOST_MISSED) {
            run.push(time);
            next = timing.next(time, time)?;
        }
    } else {
        let missed = now - due > MISSED_AFTER_MS;
        if missed && options.catch_up == CatchUp::Skip {
            skipped = Some(*due);
        } else {
            run.push(*due);
        }
    }
    if next.is_some_and(|next| next <= now) {
        next = timing.next(*due, now)?;
    }
    Ok(Occurrences { run, skipped, next })
}

fn insert_run(
    db: &Connection,
    schedule: &DueSchedule,
    due: i64,
    status: RunStatus,
    now: i64,
    error: Option<&str>,
) -> Result<i64, AgentError> {
    let (attempt, ended) = match status {
        RunStatus::Running => (1, None),
        RunStatus::Skipped => (0, Some(now)),
        _ => (0, None),
    };
    db.prepare_cached(
        "INSERT INTO domovoi_runs
           (schedule_id, task, due, status, attempt, started_at, finished_at, error)
         VALUES (:id, :task, :due, :status, :attempt, iif(:attempt, :now, NULL), :ended, :error)",
    )?
    .execute(named_params! {
        ":id": schedule.id, ":task": schedule.task, ":due": due, ":status": name(status),
        ":attempt": attempt, ":now": now, ":ended": ended, ":error": error,
    })?;
    Ok(db.last_insert_rowid())
}
