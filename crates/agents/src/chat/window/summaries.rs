//! Summaries on disk, and when they hold.
//!
//! A summary covers all messages up to one. Each message knows the one before it, so a summary holds
//! where its last message is on the present way. Going back to a version makes those of that
//! version hold again.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::history;
use crate::AgentError;

/// Summaries that are kept; older ones serve a person who goes far back.
const KEPT: i64 = 8;

/// A summary that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    /// Position of the last message it covers.
    pub(super) position: i64,
    /// That message's id.
    pub(super) message_id: String,
    pub(super) text: String,
}

/// The summary that covers most.
pub(super) fn current(db: &Connection) -> Result<Option<Summary>, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT summary.position, summary.message_id, summary.summary
         FROM domovoi_summaries AS summary LEFT JOIN domovoi_messages AS message USING (position)
         WHERE message.position IS NULL OR message.active
         ORDER BY summary.position DESC LIMIT 1",
    )?;
    let summary = |row: &Row<'_>| {
        Ok(Summary { position: row.get(0)?, message_id: row.get(1)?, text: row.get(2)? })
    };
    Ok(statement.query_row([], summary).optional()?)
}

/// Keeps a summary, where its last message is still on the present way.
pub(super) fn keep(db: &Connection, summary: &Summary) -> Result<(), AgentError> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO domovoi_summaries (position, message_id, summary)
         SELECT position, id, ?3 FROM domovoi_messages
         WHERE position = ?1 AND id = ?2 AND active",
    )?
    .execute(params![summary.position, summary.message_id, summary.text])?;
    db.prepare_cached(
        "DELETE FROM domovoi_summaries WHERE position NOT IN
         (SELECT position FROM domovoi_summaries ORDER BY position DESC LIMIT ?1)",
    )?
    .execute([KEPT])?;
    Ok(())
}

/// Position of a message on the present way, and whether others are before it.
pub(super) fn place(db: &Connection, id: &str) -> Result<Option<(i64, bool)>, AgentError> {
    Ok(history::place(db, id)?.map(|place| (place.position, place.parent.is_some())))
}

/// Removes summaries of a message whose words have changed in their place.
pub(in super::super) fn forget_from(db: &Connection, position: i64) -> Result<(), AgentError> {
    db.prepare_cached("DELETE FROM domovoi_summaries WHERE position >= ?1")?.execute([position])?;
    Ok(())
}

/// To be called before the messages up to `position` are deleted for their age: summaries of the
/// present way go on to hold, those of others do not.
pub(in super::super) fn trimmed(db: &Connection, position: i64) -> Result<(), AgentError> {
    db.prepare_cached(
        "DELETE FROM domovoi_summaries WHERE position IN
         (SELECT position FROM domovoi_messages WHERE position <= ?1 AND NOT active)",
    )?
    .execute([position])?;
    Ok(())
}
