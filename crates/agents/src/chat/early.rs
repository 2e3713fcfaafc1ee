//! Answers to tool calls of a message that is still being written, on disk: they were acknowledged by
//! being taken, so they outlive the process.

use rusqlite::{Connection, params};

use super::answers::Answer;
use crate::AgentError;

/// Keeps an answer until its message is complete. The first one to a call stands.
pub(super) fn keep(db: &Connection, answer: &Answer) -> Result<(), AgentError> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO domovoi_early_answers (tool_call_id, answer) VALUES (?1, ?2)",
    )?
    .execute(params![answer.call, serde_json::to_string(answer)?])?;
    Ok(())
}

/// The answers that are kept.
pub(super) fn all(db: &Connection) -> Result<Vec<Answer>, AgentError> {
    let mut statement = db.prepare_cached("SELECT answer FROM domovoi_early_answers")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|json| Ok(serde_json::from_str(&json?)?)).collect()
}

/// Forgets an answer that was applied, or that no call waits for.
pub(super) fn forget(db: &Connection, call: &str) -> Result<(), AgentError> {
    db.prepare_cached("DELETE FROM domovoi_early_answers WHERE tool_call_id = ?1")?
        .execute([call])?;
    Ok(())
}
