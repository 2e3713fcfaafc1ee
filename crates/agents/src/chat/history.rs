//! The messages of a conversation on disk, a row for each version of each.
//!
//! The history is the active rows in order of position. A message that is answered anew or edited
//! gets a row beside the old one, with the same parent, and the old one and what followed it are
//! active no longer; [`super::versions`] finds them again.

use std::ops::ControlFlow;

use domovoi_protocol::{Role, UiMessage};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::window::{forget_from, trimmed};
use crate::AgentError;

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) position: i64,
    /// Position of the message before it.
    pub(super) parent: Option<i64>,
}

/// A way through the messages.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// From one position on.
    OldestFirst,
    /// From before one position.
    NewestFirst,
}

/// Shows messages with their positions, those after `from` or before it, until there are enough; the
/// others are not read.
pub(super) fn visit(
    db: &Connection,
    order: Order,
    from: i64,
    mut visitor: impl FnMut(i64, UiMessage) -> ControlFlow<()>,
) -> Result<(), AgentError> {
    let sql = match order {
        Order::OldestFirst => {
            "SELECT position, content FROM domovoi_messages
             WHERE active AND position > ?1 ORDER BY position"
        }
        Order::NewestFirst => {
            "SELECT position, content FROM domovoi_messages
             WHERE active AND position < ?1 ORDER BY position DESC"
        }
    };
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([from])?;
    while let Some(row) = rows.next()? {
        if visitor(row.get(0)?, content(row, 1)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// The messages of instructions before a position, oldest first.
pub(super) fn instructions(db: &Connection, end: i64) -> Result<Vec<UiMessage>, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT content FROM domovoi_messages
         WHERE active AND role = 'system' AND position < ?1 ORDER BY position",
    )?;
    let mut rows = statement.query([end])?;
    let mut messages = Vec::new();
    while let Some(row) = rows.next()? {
        messages.push(content(row, 0)?);
    }
    Ok(messages)
}

/// How many messages are between two positions, instructions aside. They themselves are not looked at.
pub(super) fn count(db: &Connection, after: i64, before: i64) -> Result<usize, AgentError> {
    let mut all = db.prepare_cached(
        "SELECT count(*) FROM domovoi_messages INDEXED BY domovoi_messages_id
         WHERE active AND position > ?1 AND position < ?2",
    )?;
    let mut system = db.prepare_cached(
        "SELECT count(*) FROM domovoi_messages
         WHERE active AND role = 'system' AND position > ?1 AND position < ?2",
    )?;
    let [all, system] = [&mut all, &mut system]
        .map(|count| count.query_row([after, before], |row| row.get::<_, usize>(0)));
    Ok(all?.saturating_sub(system?))
}

/// The oldest message of a person.
pub(super) fn first_of_user(db: &Connection) -> Result<Option<UiMessage>, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT content FROM domovoi_messages WHERE active AND role = 'user'
         ORDER BY position LIMIT 1",
    )?;
    let mut rows = statement.query([])?;
    rows.next()?.map(|row| content(row, 0)).transpose()
}

/// All messages, oldest first.
pub(super) fn all(db: &Connection) -> Result<Vec<UiMessage>, AgentError> {
    let mut statement =
        db.prepare_cached("SELECT content FROM domovoi_messages WHERE active ORDER BY position")?;
    let mut rows = statement.query([])?;
    let mut messages = Vec::new();
    while let Some(row) = rows.next()? {
        messages.push(content(row, 0)?);
    }
    Ok(messages)
}

/// The newest messages before the one with the id `before`, or of all, at most `limit`; as JSON,
/// oldest first. Nothing where there is no such message.
pub(super) fn page(
    db: &Connection,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, AgentError> {
    let end = match before {
        None => i64::MAX,
        Some(id) => match place(db, id)? {
            Some(place) => place.position,
            None => return Ok(Vec::new()),
        },
    };
    let mut statement = db.prepare_cached(
        "SELECT content FROM domovoi_messages WHERE active AND position < ?1
         ORDER BY position DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![end, limit], |row| row.get(0))?;
    let mut page: Vec<String> = rows.collect::<Result<_, _>>()?;
    page.reverse();
    Ok(page)
}

/// The newest messages, at most `limit`, oldest first.
pub(super) fn recent(db: &Connection, limit: usize) -> Result<Vec<UiMessage>, AgentError> {
    let page = page(db, None, limit)?;
    page.iter().map(|json| Ok(serde_json::from_str(json)?)).collect()
}

/// The message with this id.
pub(super) fn get(db: &Connection, id: &str) -> Result<Option<UiMessage>, AgentError> {
    let mut statement =
        db.prepare_cached("SELECT content FROM domovoi_messages WHERE id = ?1 AND active")?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(|row| content(row, 0)).transpose()
}

/// The message with this id, where none comes after it.
pub(super) fn newest(db: &Connection, id: &str) -> Result<Option<UiMessage>, AgentError> {
    let position = place(db, id)?.map(|place| place.position);
    if position.is_some() && position == head(db)? { get(db, id) } else { Ok(None) }
}

/// The newest message with the tool call `id`.
pub(super) fn with_tool_call(db: &Connection, id: &str) -> Result<Option<UiMessage>, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT content FROM domovoi_messages
         WHERE active AND role = 'assistant' AND instr(content, ?1) > 0 ORDER BY position DESC",
    )?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        let message: UiMessage = content(row, 0)?;
        if message.tool(id).is_some() {
            return Ok(Some(message));
        }
    }
    Ok(None)
}

/// Where the message with this id is.
pub(super) fn place(db: &Connection, id: &str) -> Result<Option<Place>, AgentError> {
    let mut statement = db
        .prepare_cached("SELECT position, parent FROM domovoi_messages WHERE id = ?1 AND active")?;
    let place =
        statement.query_row([id], |row| Ok(Place { position: row.get(0)?, parent: row.get(1)? }));
    Ok(place.optional()?)
}

/// Position of the newest message.
pub(super) fn head(db: &Connection) -> Result<Option<i64>, AgentError> {
    let mut statement =
        db.prepare_cached("SELECT max(position) FROM domovoi_messages WHERE active")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Position of the newest message of a person.
pub(super) fn last_of_user(db: &Connection) -> Result<Option<i64>, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT position FROM domovoi_messages WHERE active AND role = 'user'
         ORDER BY position DESC LIMIT 1",
    )?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?)
}

/// The newest message of a person.
pub(super) fn newest_of_user(db: &Connection) -> Result<Option<UiMessage>, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT content FROM domovoi_messages WHERE active AND role = 'user'
         ORDER BY position DESC LIMIT 1",
    )?;
    let mut rows = statement.query([])?;
    rows.next()?.map(|row| content(row, 0)).transpose()
}

/// Adds a message after the one at `parent`; answers its position.
pub(super) fn append(
    db: &Connection,
    message: &UiMessage,
    parent: Option<i64>,
) -> Result<i64, AgentError> {
    db.prepare_cached(
        "INSERT INTO domovoi_messages (id, parent, role, content) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        message.id,
        parent,
        role(message.role),
        serde_json::to_string(message)?
    ])?;
    Ok(db.last_insert_rowid())
}

/// Writes a message in the place of the one at `position`; whether that changed anything.
pub(super) fn replace(
    db: &Connection,
    position: i64,
    message: &UiMessage,
) -> Result<bool, AgentError> {
    let changed = db
        .prepare_cached(
            "UPDATE domovoi_messages SET role = ?2, content = ?3
             WHERE position = ?1 AND content <> ?3",
        )?
        .execute(params![position, role(message.role), serde_json::to_string(message)?])?;
    if changed > 0 {
        forget_from(db, position)?;
    }
    Ok(changed > 0)
}

/// Writes a message: in its place where its id is known, at the end where not; whether it is new.
pub(super) fn upsert(db: &Connection, message: &UiMessage) -> Result<bool, AgentError> {
    match place(db, &message.id)? {
        Some(place) => replace(db, place.position, message).map(|_| false),
        None => append(db, message, head(db)?).map(|_| true),
    }
}

/// Takes the messages from `position` on off the present way; answers their ids.
pub(super) fn leave_from(db: &Connection, position: i64) -> Result<Vec<String>, AgentError> {
    let mut statement = db.prepare_cached(
        "UPDATE domovoi_messages SET active = 0 WHERE active AND position >= ?1 RETURNING id",
    )?;
    let ids = statement.query_map([position], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Removes the oldest messages, with all their versions, so that `keep` are left; answers the ids
/// of those that were on the present way.
pub(super) fn trim(db: &Connection, keep: usize) -> Result<Vec<String>, AgentError> {
    let keep = i64::try_from(keep).unwrap_or(i64::MAX);
    let oldest: Option<i64> = db
        .prepare_cached(
            "SELECT position FROM domovoi_messages WHERE active
             ORDER BY position DESC LIMIT 1 OFFSET ?1",
        )?
        .query_row([keep], |row| row.get(0))
        .optional()?;
    let Some(oldest) = oldest else { return Ok(Vec::new()) };
    trimmed(db, oldest)?;
    let mut removed = Vec::new();
    let mut statement = db
        .prepare_cached("DELETE FROM domovoi_messages WHERE position <= ?1 RETURNING id, active")?;
    let mut rows = statement.query([oldest])?;
    while let Some(row) = rows.next()? {
        if row.get(1)? {
            removed.push(row.get(0)?);
        }
    }
    Ok(removed)
}

/// Removes every message and chunk. Turns stay, so that none of them runs again.
pub(super) fn clear(db: &mut Connection) -> Result<(), AgentError> {
    let transaction = db.transaction()?;
    transaction.execute("DELETE FROM domovoi_messages", [])?;
    transaction.execute("DELETE FROM domovoi_chunks", [])?;
    transaction.execute("DELETE FROM domovoi_summaries", [])?;
    Ok(transaction.commit()?)
}

pub(super) fn content(row: &Row<'_>, column: usize) -> Result<UiMessage, AgentError> {
    let json = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(serde_json::from_str(json)?)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}
