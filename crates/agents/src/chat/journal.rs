//! Turns and their chunks on disk: what makes a turn outlive its clients, and its server.

use std::sync::Arc;

use domovoi_protocol::{Chunk, Reducer, UiMessage};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use super::history;
use crate::{AgentError, storage::Database};

/// How far a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TurnStatus {
    Running,
    Completed,
    Aborted,
    Error,
    /// The process ended in the middle of it.
    Interrupted,
}

impl TurnStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Aborted => "aborted",
            Self::Error => "error",
            Self::Interrupted => "interrupted",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "running" => Self::Running,
            "completed" => Self::Completed,
            "aborted" => Self::Aborted,
            "error" => Self::Error,
            _ => Self::Interrupted,
        }
    }
}

/// The status of a turn, where there ever was one with this id.
pub(super) fn status(database: &Arc<Database>, id: &str) -> Result<Option<TurnStatus>, AgentError> {
    if !database.exists() {
        return Ok(None);
    }
    database.with(|db| {
        let status: Option<String> = db
            .prepare_cached("SELECT status FROM domovoi_turns WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(status.as_deref().map(TurnStatus::parse))
    })
}

/// Begins a turn and forgets the chunks of the one before.
pub(super) fn begin(db: &Connection, id: &str, message_id: &str) -> Result<(), AgentError> {
    db.execute("DELETE FROM domovoi_chunks", [])?;
    db.prepare_cached(
        "INSERT INTO domovoi_turns (id, message_id, status) VALUES (?1, ?2, 'running')",
    )?
    .execute([id, message_id])?;
    Ok(())
}

/// Appends chunks, numbered from `first`.
pub(super) fn append(
    database: &Arc<Database>,
    id: &str,
    first: u64,
    bodies: &[String],
) -> Result<(), AgentError> {
    database.with(|db| {
        let transaction = db.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO domovoi_chunks (turn_id, seq, body) VALUES (?1, ?2, ?3)",
            )?;
            for (seq, body) in (first..).zip(bodies) {
                insert.execute(params![id, seq as i64, body])?;
            }
        }
        Ok(transaction.commit()?)
    })
}

/// The chunks of a turn after `after`, with their numbers.
pub(super) fn chunks(
    database: &Arc<Database>,
    id: &str,
    after: Option<u64>,
) -> Result<Vec<(u64, String)>, AgentError> {
    let after = after.map_or(-1, |after| i64::try_from(after).unwrap_or(i64::MAX));
    database.with(|db| {
        let mut statement = db.prepare_cached(
            "SELECT seq, body FROM domovoi_chunks WHERE turn_id = ?1 AND seq > ?2 ORDER BY seq",
        )?;
        let rows = statement.query_map(params![id, after], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

/// Ends a turn and writes its message, in one transaction.
pub(super) fn end(
    database: &Arc<Database>,
    id: &str,
    status: TurnStatus,
    message: Option<&UiMessage>,
) -> Result<(), AgentError> {
    database.with(|db| {
        let transaction = db.transaction()?;
        if let Some(message) = message {
            history::upsert(&transaction, message)?;
        }
        transaction
            .prepare_cached(
                "UPDATE domovoi_turns SET status = ?2, finished_at = unixepoch('subsec') * 1000
                 WHERE id = ?1",
            )?
            .execute([id, status.as_str()])?;
        Ok(transaction.commit()?)
    })
}

/// Ends turns that were running when the process ended: what they had written becomes a message
/// that says so.
pub(super) fn recover(database: &Arc<Database>) -> Result<(), AgentError> {
    let running: Vec<(String, String)> = database.with(|db| {
        let mut statement =
            db.prepare_cached("SELECT id, message_id FROM domovoi_turns WHERE status = 'running'")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok::<_, AgentError>(rows.collect::<Result<_, _>>()?)
    })?;
    for (id, message_id) in running {
        let mut reducer = Reducer::new(message_id);
        for (_, body) in chunks(database, &id, None)? {
            if let Ok(chunk) = Chunk::parse(&body) {
                reducer.apply(&chunk);
            }
        }
        reducer.apply(&Chunk::MessageMetadata {
            message_metadata: json!({"turn": {"outcome": "interrupted"}}),
        });
        let message = reducer.finish();
        let written = message.parts.iter().any(is_content).then_some(&message);
        end(database, &id, TurnStatus::Interrupted, written)?;
    }
    Ok(())
}

/// Whether a part is something to read, rather than the mark of a step.
pub(super) fn is_content(part: &domovoi_protocol::Part) -> bool {
    use domovoi_protocol::Part;
    match part {
        Part::StepStart => false,
        Part::Text { text, .. } => !text.is_empty(),
        _ => true,
    }
}
