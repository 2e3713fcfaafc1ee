//! What a client's request does to the history.

use std::collections::HashSet;

use domovoi_protocol::{Role, UiMessage, chat::Trigger};
use rusqlite::Connection;

use super::{delta::Changes, history, history::Place, window::forget_from};
use crate::AgentError;

/// What has changed.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// Ids of the messages of a person that were written.
    pub(super) user_ids: Vec<String>,
    /// Messages that are new, or were edited and now come last.
    pub(super) written: Vec<UiMessage>,
    /// Messages that have changed where they are.
    pub(super) updated: Vec<UiMessage>,
    /// Ids of messages that are part of the history no longer.
    pub(super) left: Vec<String>,
}

/// What a client lists in its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// The whole conversation: what is not listed is gone.
    All,
    /// Only what the server needs, of a conversation of which it may hold no more than the newest
    /// page: what comes before the messages it lists stays.
    WhatIsNew,
}

/// Brings the history up to date with what a client sent.
///
/// A client need only send what is new. Known answers stay as the server has them, since the server
/// wrote them. A known message of a person that ends the list and says something else was edited:
/// it becomes a new version. Where every listed id is known, the client went back to an earlier
/// point, and what it left out is left: see [`Lists`]. A regenerate leaves the answers to the last message of a
/// person in any case.
pub(super) fn merge(
    db: &Connection,
    sent: &[UiMessage],
    trigger: Trigger,
    lists: Lists,
) -> Result<Merged, AgentError> {
    let mut merged = Merged::default();
    let mut all_known = !sent.is_empty();
    for (index, message) in sent.iter().enumerate() {
        match history::place(db, &message.id)? {
            Some(place) if message.role == Role::User => {
                let is_last = index + 1 == sent.len();
                known(db, message, place, is_last, &mut merged)?;
            }
            Some(_) => {}
            None => {
                all_known = false;
                history::append(db, message, history::head(db)?)?;
                merged.wrote(message);
            }
        }
    }
    if let (true, Some(last)) = (all_known, sent.last()) {
        match lists {
            Lists::All => leave_unlisted(db, sent, &mut merged)?,
            Lists::WhatIsNew => leave_after(db, &last.id, &mut merged)?,
        }
    }
    if trigger == Trigger::RegenerateMessage
        && let Some(question) = history::last_of_user(db)?
    {
        merged.left.append(&mut history::leave_from(db, question + 1)?);
    }
    Ok(merged)
}

impl Merged {
    pub(super) fn extend(&mut self, mut later: Self) {
        self.user_ids.append(&mut later.user_ids);
        self.written.append(&mut later.written);
        self.updated.append(&mut later.updated);
        self.left.append(&mut later.left);
    }

    /// What clients are told.
    pub(super) fn changes(self) -> Changes {
        let Self { written, updated, left, .. } = self;
        Changes { written, removed: left, updated, reload: false }
    }

    fn wrote(&mut self, message: &UiMessage) {
        if message.role == Role::User {
            self.user_ids.push(message.id.clone());
        }
        self.written.push(message.clone());
    }
}

fn known(
    db: &Connection,
    message: &UiMessage,
    place: Place,
    is_last: bool,
    merged: &mut Merged,
) -> Result<(), AgentError> {
    let stored = history::get(db, &message.id)?;
    if stored.as_ref().is_some_and(|stored| stored.parts == message.parts) {
        return Ok(());
    }
    if is_last {
        let left = history::leave_from(db, place.position)?;
        merged.left.extend(left.into_iter().filter(|id| *id != message.id));
        history::append(db, message, place.parent)?;
        merged.wrote(message);
    } else {
        history::replace(db, place.position, message)?;
        merged.user_ids.push(message.id.clone());
        merged.updated.push(message.clone());
    }
    Ok(())
}

/// Leaves what comes after the message `id`.
fn leave_after(db: &Connection, id: &str, merged: &mut Merged) -> Result<(), AgentError> {
    let Some(place) = history::place(db, id)? else { return Ok(()) };
    merged.left.append(&mut history::leave_from(db, place.position + 1)?);
    Ok(())
}

/// Leaves what is not listed.
fn leave_unlisted(
    db: &Connection,
    sent: &[UiMessage],
    merged: &mut Merged,
) -> Result<(), AgentError> {
    let listed: HashSet<&str> = sent.iter().map(|message| message.id.as_str()).collect();
    let mut all = db.prepare_cached("SELECT id FROM domovoi_messages WHERE active")?;
    let ids = all.query_map([], |row| row.get(0))?;
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    let mut leave = db.prepare_cached(
        "UPDATE domovoi_messages SET active = 0 WHERE id = ?1 AND active RETURNING position",
    )?;
    let mut first = None;
    for id in ids.into_iter().filter(|id| !listed.contains(id.as_str())) {
        let position: i64 = leave.query_row([&id], |row| row.get(0))?;
        first = Some(first.map_or(position, |first: i64| first.min(position)));
        merged.left.push(id);
    }
    // What is left need not be the end of the conversation.
    first.map_or(Ok(()), |first| forget_from(db, first))
}
