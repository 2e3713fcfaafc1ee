//! Earlier versions of a message, and going back to one.

use domovoi_protocol::chat::{MessageVersion, MessageVersions};
use rusqlite::{Connection, OptionalExtension, params};

use super::history;
use crate::AgentError;

/// All versions of the message with this id, oldest first: those with the same message before them.
/// Nothing where there is no such message.
pub(super) fn of(db: &Connection, id: &str) -> Result<Vec<MessageVersion>, AgentError> {
    let Some(place) = history::place(db, id)? else { return Ok(Vec::new()) };
    let mut statement = db.prepare_cached(
        "SELECT position, active, created_at, content FROM domovoi_messages
         WHERE (position = ?2 OR (NOT active AND parent IS ?1))
         AND role = (SELECT role FROM domovoi_messages WHERE position = ?2)
         ORDER BY position",
    )?;
    let mut rows = statement.query(params![place.parent, place.position])?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        versions.push(MessageVersion {
            version: row.get(0)?,
            active: row.get(1)?,
            created_at: row.get(2)?,
            message: history::content(row, 3)?,
        });
    }
    Ok(versions)
}

/// The messages of the history that have several versions, oldest first.
///
/// The search goes from the versions that were left, of which there are few, to the message that
/// took their place: the first on the present way after the same message.
pub(super) fn all(db: &Connection) -> Result<Vec<MessageVersions>, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT now.id, now.position, old.position
         FROM domovoi_messages AS old JOIN domovoi_messages AS now ON now.position = (
             SELECT position FROM domovoi_messages
             WHERE active AND position > ifnull(old.parent, 0) ORDER BY position LIMIT 1
         )
         WHERE NOT old.active AND now.parent IS old.parent AND now.role = old.role
         ORDER BY now.position, old.position",
    )?;
    let mut rows = statement.query([])?;
    let mut all: Vec<MessageVersions> = Vec::new();
    while let Some(row) = rows.next()? {
        let (active, version): (i64, i64) = (row.get(1)?, row.get(2)?);
        match all.last_mut().filter(|last| last.active == active) {
            Some(last) => last.versions.push(version),
            None => {
                let versions = vec![active, version];
                all.push(MessageVersions { id: row.get(0)?, versions, active });
            }
        }
    }
    all.iter_mut().for_each(|message| message.versions.sort_unstable());
    all.extend(of_missing_answer(db)?);
    Ok(all)
}

/// The answers that the newest message, a person's, had before the turn for another one ended with
/// nothing: no message of the history is there to find them by.
fn of_missing_answer(db: &Connection) -> Result<Option<MessageVersions>, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT old.position FROM domovoi_messages AS old JOIN domovoi_messages AS asked
         ON asked.position = (SELECT max(position) FROM domovoi_messages WHERE active)
         WHERE NOT old.active AND old.parent = asked.position
         AND old.role = 'assistant' AND asked.role = 'user' ORDER BY old.position",
    )?;
    let versions = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?;
    let is_any = !versions.is_empty();
    Ok(is_any.then(|| MessageVersions { id: String::new(), versions, active: 0 }))
}

/// Makes a version part of the history again, with the newest of what followed it; whether there
/// is such a version.
pub(super) fn select(db: &mut Connection, version: i64) -> Result<bool, AgentError> {
    let transaction = db.transaction()?;
    let found: Option<bool> = transaction
        .prepare_cached("SELECT active FROM domovoi_messages WHERE position = ?1")?
        .query_row([version], |row| row.get(0))
        .optional()?;
    match found {
        None => return Ok(false),
        Some(true) => return Ok(true),
        Some(false) => {}
    }
    // The way from the version back to a message of the present way, and on to its newest end.
    let mut way = Vec::new();
    let mut back = Some(version);
    let mut fork = None;
    while let Some(position) = back {
        let (parent, active): (Option<i64>, bool) = transaction
            .prepare_cached("SELECT parent, active FROM domovoi_messages WHERE position = ?1")?
            .query_row([position], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if active {
            fork = Some(position);
            break;
        }
        way.push(position);
        back = parent.filter(|parent| exists(&transaction, *parent).unwrap_or(false));
    }
    let mut end = version;
    while let Some(next) = newest_child(&transaction, end)? {
        way.push(next);
        end = next;
    }
    history::leave_from(&transaction, fork.map_or(0, |fork| fork + 1))?;
    {
        let mut take = transaction
            .prepare_cached("UPDATE domovoi_messages SET active = 1 WHERE position = ?1")?;
        for position in way {
            take.execute([position])?;
        }
    }
    transaction.commit()?;
    Ok(true)
}

fn exists(db: &Connection, position: i64) -> Result<bool, AgentError> {
    let mut statement = db.prepare_cached("SELECT 1 FROM domovoi_messages WHERE position = ?1")?;
    Ok(statement.exists([position])?)
}

/// The newest message after one that is not on the present way; so none of them is.
fn newest_child(db: &Connection, position: i64) -> Result<Option<i64>, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT max(position) FROM domovoi_messages WHERE NOT active AND parent = ?1",
    )?;
    Ok(statement.query_row([position], |row| row.get(0))?)
}
