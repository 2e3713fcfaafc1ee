//! Schedules and runs on disk.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params, params};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{CatchUp, Overlap, Run, RunStatus, Schedule, ScheduleFilter, ScheduleOptions, Timing};
use crate::AgentError;

/// Runs that have ended and are kept.
const KEPT_RUNS: i64 = 1_000;

/// A run that is later than this was missed, in milliseconds.
const MISSED_AFTER_MS: i64 = 60_000;

/// Missed runs of one schedule that are made up for.
const MOST_MISSED: usize = 1_000;

/// What keys begin with that nobody has given.
const DERIVED: &str = "derived:";

/// A schedule to be stored.
pub(super) struct New {
    pub(super) task: &'static str,
    pub(super) payload: String,
    pub(super) timing: Timing,
    pub(super) due: i64,
    pub(super) options: ScheduleOptions,
    pub(super) now: i64,
}

impl New {
    /// What makes this schedule the same when it is made again.
    fn key(&self) -> Result<Option<String>, AgentError> {
        if let Some(key) = &self.options.key {
            return Ok(Some(key.clone()));
        }
        if !self.timing.recurs() {
            return Ok(None);
        }
        let mut digest = Sha256::new();
        for part in [self.task, &serde_json::to_string(&self.timing)?, &self.payload] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        let digest = digest.finalize();
        Ok(Some(digest.iter().fold(DERIVED.to_owned(), |key, byte| format!("{key}{byte:02x}"))))
    }
}

/// Stores a schedule. One with the same key stays as it is where it would run the same task in the
/// same way, and is replaced otherwise.
pub(super) fn insert(db: &mut Connection, new: New) -> Result<Schedule, AgentError> {
    let key = new.key()?;
    let timing = serde_json::to_string(&new.timing)?;
    let policy = match &new.options {
        options
            if *options == (ScheduleOptions { key: options.key.clone(), ..Default::default() }) =>
        {
            None
        }
        options => Some(serde_json::to_string(options)?),
    };
    let transaction = db.transaction()?;
    let mut id = Uuid::now_v7().to_string();
    if let Some(key) = &key {
        let same: Option<(String, bool)> = transaction
            .prepare_cached(
                "SELECT id, task = ?2 AND payload = ?3 AND timing = ?4 AND policy IS ?5 AND waiting
                 FROM domovoi_schedules WHERE key = ?1",
            )?
            .query_row(params![key, new.task, new.payload, timing, policy], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        match same {
            Some((existing, true)) => {
                drop(transaction);
                return one(db, &existing);
            }
            Some((existing, false)) => id = existing,
            None => {}
        }
    }
    transaction
        .prepare_cached(
            "INSERT INTO domovoi_schedules (id, key, task, payload, timing, policy, due, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE SET task = excluded.task, payload = excluded.payload,
               timing = excluded.timing, policy = excluded.policy, due = excluded.due, waiting = 1",
        )?
        .execute(params![id, key, new.task, new.payload, timing, policy, new.due, new.now])?;
    transaction.commit()?;
    one(db, &id)
}

/// How many schedules there are.
pub(super) fn count(db: &Connection) -> Result<usize, AgentError> {
    Ok(db
        .prepare_cached("SELECT count(*) FROM domovoi_schedules")?
        .query_row([], |row| row.get(0))?)
}

const COLUMNS: &str = "SELECT id, key, task, payload, timing, due FROM domovoi_schedules";

fn one(db: &Connection, id: &str) -> Result<Schedule, AgentError> {
    db.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?.query_row([id], |row| Ok(read(row)))?
}

/// The schedules that are asked for.
pub(super) fn select(
    db: &Connection,
    filter: &ScheduleFilter,
    (from, to): (Option<i64>, Option<i64>),
) -> Result<Vec<Schedule>, AgentError> {
    let mut conditions = Vec::new();
    let mut values: Vec<(&str, &dyn ToSql)> = Vec::new();
    if let Some(id) = &filter.id {
        conditions.push("id = :id");
        values.push((":id", id));
    }
    if let Some(kind) = &filter.kind {
        conditions.push("timing ->> 'type' = :kind");
        values.push((":kind", kind));
    }
    if let Some(from) = &from {
        conditions.push("due >= :from");
        values.push((":from", from));
    }
    if let Some(to) = &to {
        conditions.push("due < :to");
        values.push((":to", to));
    }
    // One whose last run has begun is not to run any more, unless that has failed.
    conditions.push(
        "(waiting OR EXISTS (SELECT 1 FROM domovoi_runs WHERE schedule_id = domovoi_schedules.id
                             AND status IN ('waiting', 'retrying')))",
    );
    let condition = format!("WHERE {}", conditions.join(" AND "));
    let mut statement = db.prepare_cached(&format!("{COLUMNS} {condition} ORDER BY due"))?;
    let rows = statement.query_map(&*values, |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

fn read(row: &Row<'_>) -> Result<Schedule, AgentError> {
    let key: Option<String> = row.get("key")?;
    let due: i64 = row.get("due")?;
    Ok(Schedule {
        id: row.get("id")?,
        task: row.get("task")?,
        payload: serde_json::from_str(&row.get::<_, String>("payload")?)?,
        due: due as f64 / 1000.0,
        timing: serde_json::from_str(&row.get::<_, String>("timing")?)?,
        key: key.filter(|key| !key.starts_with(DERIVED)),
    })
}

pub(super) fn cancel(db: &mut Connection, id: &str) -> Result<bool, AgentError> {
    let transaction = db.transaction()?;
    let removed =
        transaction.prepare_cached("DELETE FROM domovoi_schedules WHERE id = ?1")?.execute([id])?;
    transaction
        .prepare_cached(
            "DELETE FROM domovoi_runs WHERE schedule_id = ?1 AND status IN ('waiting', 'retrying')",
        )?
        .execute([id])?;
    transaction.commit()?;
    Ok(removed > 0)
}

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

/// Runs that a crash has cut off begin again with the next [`claim`].
pub(super) fn recover(db: &Connection) -> Result<(), AgentError> {
    db.execute(
        "UPDATE domovoi_runs SET status = 'retrying', attempt = attempt - 1, not_before = 0
         WHERE status = 'running'",
        [],
    )?;
    Ok(())
}

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

fn options(policy: Option<String>) -> Result<ScheduleOptions, AgentError> {
    Ok(match policy {
        Some(policy) => serde_json::from_str(&policy)?,
        None => ScheduleOptions::default(),
    })
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

fn name(status: RunStatus) -> &'static str {
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

/// When something is due next: a schedule, a second attempt, the head of the queue.
pub(super) fn next(db: &Connection) -> Result<Option<i64>, AgentError> {
    Ok(db
        .prepare_cached(
            "SELECT min(due) FROM (
               SELECT min(due) AS due FROM domovoi_schedules WHERE waiting
               UNION ALL
               SELECT min(not_before) FROM domovoi_runs WHERE status = 'retrying'
               UNION ALL
               SELECT not_before FROM
                 (SELECT not_before FROM domovoi_queue ORDER BY position LIMIT 1))",
        )?
        .query_row([], |row| row.get(0))?)
}
