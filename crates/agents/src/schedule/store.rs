//! Schedules on disk.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Schedule, ScheduleFilter, ScheduleKind, ScheduleOptions, Timing};
use crate::AgentError;

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
    if let Some(key) = &filter.key {
        conditions.push("key = :key");
        values.push((":key", key));
    }
    if let Some(task) = &filter.task {
        conditions.push("task = :task");
        values.push((":task", task));
    }
    let kind = filter.kind.map(ScheduleKind::as_str);
    if let Some(kind) = &kind {
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
    conditions.push("task NOT GLOB 'domovoi:*'");
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
    let removed = remove(&transaction, id)?;
    transaction.commit()?;
    Ok(removed)
}

/// Cancels the schedules that are asked for; answers how many.
pub(super) fn cancel_all(
    db: &mut Connection,
    filter: &ScheduleFilter,
    range: (Option<i64>, Option<i64>),
) -> Result<usize, AgentError> {
    let transaction = db.transaction()?;
    let found = select(&transaction, filter, range)?;
    for schedule in &found {
        remove(&transaction, &schedule.id)?;
    }
    transaction.commit()?;
    Ok(found.len())
}

fn remove(db: &Connection, id: &str) -> Result<bool, AgentError> {
    let removed =
        db.prepare_cached("DELETE FROM domovoi_schedules WHERE id = ?1")?.execute([id])?;
    db.prepare_cached(
        "DELETE FROM domovoi_runs WHERE schedule_id = ?1 AND status IN ('waiting', 'retrying')",
    )?
    .execute([id])?;
    Ok(removed > 0)
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
