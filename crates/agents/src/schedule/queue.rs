//! Tasks that run one after the other, on disk.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Retry;
use crate::AgentError;

/// A task in the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QueuedTask {
    /// Its id.
    pub id: String,
    /// Name of the task.
    #[serde(rename = "callback")]
    pub task: String,
    /// What the task is called with.
    pub payload: Value,
    /// Attempts that have failed.
    pub attempt: u32,
    /// Why the last one failed.
    pub error: Option<String>,
}

pub(super) fn push(
    db: &mut Connection,
    queued: &QueuedTask,
    retry: Retry,
    now: i64,
    limit: usize,
) -> Result<(), AgentError> {
    let span: i64 = db
        .prepare_cached("SELECT coalesce(max(position) - min(position) + 1, 0) FROM domovoi_queue")?
        .query_row([], |row| row.get(0))?;
    if usize::try_from(span).unwrap_or(usize::MAX) >= limit {
        return Err(AgentError::TooManySchedules(limit));
    }
    let policy = match retry == Retry::default() {
        true => None,
        false => Some(serde_json::to_string(&retry)?),
    };
    db.prepare_cached(
        "INSERT INTO domovoi_queue (id, task, payload, policy, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![queued.id, queued.task, queued.payload.to_string(), policy, now])?;
    Ok(())
}

pub(super) fn remove(db: &Connection, id: &str) -> Result<bool, AgentError> {
    Ok(db.prepare_cached("DELETE FROM domovoi_queue WHERE id = ?1")?.execute([id])? > 0)
}

pub(super) fn all(db: &Connection) -> Result<Vec<QueuedTask>, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT id, task, payload, attempt, error FROM domovoi_queue ORDER BY position",
    )?;
    let mut rows = statement.query([])?;
    let mut queued = Vec::new();
    while let Some(row) = rows.next()? {
        queued.push(QueuedTask {
            id: row.get(0)?,
            task: row.get(1)?,
            payload: serde_json::from_str(&row.get::<_, String>(2)?)?,
            attempt: row.get(3)?,
            error: row.get(4)?,
        });
    }
    Ok(queued)
}

/// The task at the head of the queue.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) task: String,
    pub(super) payload: String,
    pub(super) attempt: u32,
    pub(super) not_before: i64,
    pub(super) retry: Retry,
}

pub(super) fn head(db: &Connection) -> Result<Option<Head>, AgentError> {
    let head = db
        .prepare_cached(
            "SELECT id, task, payload, attempt, not_before, policy FROM domovoi_queue
             ORDER BY position LIMIT 1",
        )?
        .query_row([], |row| {
            let policy: Option<String> = row.get(5)?;
            Ok((
                Head {
                    id: row.get(0)?,
                    task: row.get(1)?,
                    payload: row.get(2)?,
                    attempt: row.get::<_, u32>(3)? + 1,
                    not_before: row.get(4)?,
                    retry: Retry::default(),
                },
                policy,
            ))
        })
        .optional()?;
    let Some((head, policy)) = head else { return Ok(None) };
    let retry = match policy {
        Some(policy) => serde_json::from_str(&policy)?,
        None => head.retry,
    };
    Ok(Some(Head { retry, ..head }))
}

/// Notes that an attempt has failed: the task is tried again, or goes to the history.
pub(super) fn failed(
    db: &mut Connection,
    head: &Head,
    error: &str,
    terminal: bool,
    now: i64,
) -> Result<(), AgentError> {
    let delay = if terminal { None } else { head.retry.delay_after(head.attempt) };
    if let Some(delay) = delay {
        db.prepare_cached(
            "UPDATE domovoi_queue SET attempt = ?2, not_before = ?3, error = ?4 WHERE id = ?1",
        )?
        .execute(params![head.id, head.attempt, now.saturating_add(delay), error])?;
        return Ok(());
    }
    let transaction = db.transaction()?;
    transaction
        .prepare_cached(
            "INSERT INTO domovoi_runs
               (schedule_id, task, due, status, attempt, started_at, finished_at, error)
             VALUES (?1, ?2, ?3, 'failed', ?4, ?3, ?3, ?5)",
        )?
        .execute(params![head.id, head.task, now, head.attempt, error])?;
    remove(&transaction, &head.id)?;
    Ok(transaction.commit()?)
}
