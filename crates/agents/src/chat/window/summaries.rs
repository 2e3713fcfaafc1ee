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
         WHERE message.position IS NULL
         OR (message.active AND message.id = summary.message_id)
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

#[cfg(test)]
mod tests {
    use domovoi_protocol::{Role, UiMessage};

    use super::*;
    use crate::chat::history;

    fn database(messages: i64) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        for migration in [
            include_str!("../../../../../migrations/agent/chat/0001_messages_and_turns.sql"),
            include_str!("../../../../../migrations/agent/chat/0002_versions_and_batches.sql"),
            include_str!("../../../../../migrations/agent/chat/0003_summaries_and_facts.sql"),
            include_str!(
                "../../../../../migrations/agent/chat/0006_instructions_in_the_history.sql"
            ),
        ] {
            db.execute_batch(migration).unwrap();
        }
        for position in 1..=messages {
            let message = UiMessage::new(format!("m{position}"), Role::User, "words");
            let parent = history::head(&db).unwrap();
            assert_eq!(history::append(&db, &message, parent).unwrap(), position);
        }
        db
    }

    fn summary(position: i64) -> Summary {
        Summary { position, message_id: format!("m{position}"), text: format!("to {position}") }
    }

    #[test]
    fn the_one_that_covers_most_and_still_holds_is_used() {
        let mut db = database(9);
        assert_eq!(current(&db).unwrap(), None);
        for position in [2, 6] {
            keep(&db, &summary(position)).unwrap();
        }
        assert_eq!(current(&db).unwrap(), Some(summary(6)));
        // Another way begins at the fourth message, and is left again.
        history::leave_from(&db, 4).unwrap();
        assert_eq!(current(&db).unwrap(), Some(summary(2)));
        crate::chat::versions::select(&mut db, 4).unwrap();
        assert_eq!(current(&db).unwrap(), Some(summary(6)));
        // One that was made meanwhile of what is left is not kept.
        history::leave_from(&db, 9).unwrap();
        keep(&db, &summary(9)).unwrap();
        assert_eq!(current(&db).unwrap(), Some(summary(6)));
        forget_from(&db, 3).unwrap();
        assert_eq!(current(&db).unwrap(), Some(summary(2)));
    }

    #[test]
    fn messages_that_are_deleted_for_their_age_stay_in_the_summary() {
        let db = database(9);
        keep(&db, &summary(6)).unwrap();
        history::trim(&db, 2).unwrap();
        assert_eq!(current(&db).unwrap(), Some(summary(6)));

        let db = database(9);
        keep(&db, &summary(8)).unwrap();
        history::leave_from(&db, 8).unwrap();
        let message = UiMessage::new("other", Role::User, "words");
        history::append(&db, &message, Some(7)).unwrap();
        history::trim(&db, 1).unwrap();
        history::trim(&db, 0).unwrap();
        assert_eq!(current(&db).unwrap(), None);
    }

    #[test]
    fn a_few_are_kept() {
        let db = database(20);
        for position in 1..=20 {
            keep(&db, &summary(position)).unwrap();
        }
        let count: i64 =
            db.query_row("SELECT count(*) FROM domovoi_summaries", [], |row| row.get(0)).unwrap();
        assert_eq!(count, KEPT);
    }
}
