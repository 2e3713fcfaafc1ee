//! The messages of a conversation, one row each.

use std::sync::Arc;

use domovoi_protocol::{Role, UiMessage, chat::Trigger};
use rusqlite::{Connection, params};

use crate::{AgentError, storage::Database};

/// All messages, oldest first; reads nothing where nothing was ever written.
pub(super) fn all(database: &Arc<Database>) -> Result<Vec<UiMessage>, AgentError> {
    if !database.exists() {
        return Ok(Vec::new());
    }
    database.with(|db| read(db))
}

fn read(db: &Connection) -> Result<Vec<UiMessage>, AgentError> {
    let mut statement =
        db.prepare_cached("SELECT content FROM domovoi_messages ORDER BY position")?;
    let mut rows = statement.query([])?;
    let mut messages = Vec::new();
    while let Some(row) = rows.next()? {
        messages
            .push(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(messages)
}

/// Writes a message: in its place where its id is known, at the end where not.
pub(super) fn upsert(db: &Connection, message: &UiMessage) -> Result<(), AgentError> {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    db.prepare_cached(
        "INSERT INTO domovoi_messages (id, role, content) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET role = excluded.role, content = excluded.content
         WHERE content <> excluded.content",
    )?
    .execute(params![message.id, role, serde_json::to_string(message)?])?;
    Ok(())
}

/// What a request did to the history.
pub(super) struct Merged {
    /// Ids of the user messages that were written.
    pub(super) user_ids: Vec<String>,
}

/// Brings the history up to date with what a client sent.
///
/// A client need only send what is new. Known assistant messages stay as the server has them,
/// since the server wrote them. Where every listed id is known, the client went back to an
/// earlier point: what it left out goes. A regenerate drops the answers to the last user message
/// in any case.
pub(super) fn merge(
    db: &Connection,
    sent: &[UiMessage],
    trigger: Trigger,
) -> Result<Merged, AgentError> {
    let stored = read(db)?;
    let known = |id: &str| stored.iter().any(|message| message.id == id);
    let mut user_ids = Vec::new();
    for message in sent.iter().filter(|m| m.role == Role::User || !known(&m.id)) {
        if message.role == Role::User && !known(&message.id) {
            user_ids.push(message.id.clone());
        }
        upsert(db, message)?;
    }
    if !sent.is_empty() && sent.iter().all(|message| known(&message.id)) {
        for left_out in stored.iter().filter(|m| !sent.iter().any(|s| s.id == m.id)) {
            delete(db, &left_out.id)?;
        }
    }
    if trigger == Trigger::RegenerateMessage {
        db.execute(
            "DELETE FROM domovoi_messages WHERE role = 'assistant' AND position >
             (SELECT coalesce(max(position), 0) FROM domovoi_messages WHERE role = 'user')",
            [],
        )?;
    }
    Ok(Merged { user_ids })
}

fn delete(db: &Connection, id: &str) -> Result<(), AgentError> {
    db.prepare_cached("DELETE FROM domovoi_messages WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Removes every message, turn and chunk.
pub(super) fn clear(database: &Arc<Database>) -> Result<(), AgentError> {
    if !database.exists() {
        return Ok(());
    }
    database.with(|db| {
        let transaction = db.transaction()?;
        for table in ["domovoi_messages", "domovoi_chunks"] {
            transaction.execute(&format!("DELETE FROM {table}"), [])?;
        }
        Ok(transaction.commit()?)
    })
}
