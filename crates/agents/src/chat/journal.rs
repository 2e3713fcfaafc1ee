//! Turns and their chunks on disk: what makes a turn outlive its clients, and its server.

use domovoi_protocol::{Chunk, Part, Reducer, UiMessage, tool::ClientTool};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::{early, emitter::abandoned_calls, history};
use crate::AgentError;

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
pub(super) fn status(db: &Connection, id: &str) -> Result<Option<TurnStatus>, AgentError> {
    let status: Option<String> = db
        .prepare_cached("SELECT status FROM domovoi_turns WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(status.as_deref().map(TurnStatus::parse))
}

/// What came with a request and holds for continuations of its answer as well.
#[derive(Debug, Clone, Default)]
pub(super) struct Attachments {
    pub(super) client_tools: Vec<ClientTool>,
    pub(super) custom: Map<String, Value>,
}

/// Begins a turn and forgets the chunks of the one before.
pub(super) fn begin(
    db: &Connection,
    id: &str,
    message_id: &str,
    attachments: &Attachments,
) -> Result<(), AgentError> {
    let Attachments { client_tools, custom } = attachments;
    let client_tools =
        (!client_tools.is_empty()).then(|| serde_json::to_string(client_tools)).transpose()?;
    let custom = (!custom.is_empty()).then(|| serde_json::to_string(custom)).transpose()?;
    db.prepare_cached("DELETE FROM domovoi_chunks")?.execute([])?;
    db.prepare_cached(
        "INSERT INTO domovoi_turns (id, message_id, status, client_tools, custom, asked)
         VALUES (?1, ?2, 'running', ?3, ?4,
             (SELECT max(position) FROM domovoi_messages WHERE active))",
    )?
    .execute(params![id, message_id, client_tools, custom])?;
    Ok(())
}

/// Notes that a turn was stopped before it began, so that its request does not run where it comes
/// once more.
pub(super) fn never_ran(db: &Connection, id: &str) -> Result<(), AgentError> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO domovoi_turns (id, message_id, status, finished_at)
         VALUES (?1, '', 'aborted', unixepoch('subsec') * 1000)",
    )?
    .execute([id])?;
    Ok(())
}

/// What came with the newest turn.
pub(super) fn attachments(db: &Connection) -> Result<Attachments, AgentError> {
    let mut statement = db.prepare_cached(
        "SELECT client_tools, custom FROM domovoi_turns WHERE message_id <> ''
         ORDER BY rowid DESC LIMIT 1",
    )?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(Attachments::default()) };
    let (client_tools, custom): (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
    Ok(Attachments {
        client_tools: client_tools.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text))?,
        custom: custom.map_or(Ok(Map::new()), |text| serde_json::from_str(&text))?,
    })
}

/// Appends chunks as lines, numbered from `first`.
pub(super) fn append(db: &Connection, id: &str, first: u64, lines: &str) -> Result<(), AgentError> {
    db.prepare_cached("INSERT INTO domovoi_chunks (first, turn_id, bodies) VALUES (?1, ?2, ?3)")?
        .execute(params![first as i64, id, lines])?;
    Ok(())
}

/// The chunks of a turn after `after`, with their numbers.
pub(super) fn chunks(
    db: &Connection,
    id: &str,
    after: Option<u64>,
) -> Result<Vec<(u64, String)>, AgentError> {
    let next = after.map_or(0, |after| after.saturating_add(1));
    // The batch that holds the first one that is wanted, and all after it.
    let mut statement = db.prepare_cached(
        "SELECT first, bodies FROM domovoi_chunks WHERE turn_id = ?1 AND first >=
         (SELECT coalesce(max(first), 0) FROM domovoi_chunks WHERE turn_id = ?1 AND first <= ?2)
         ORDER BY first",
    )?;
    let mut rows = statement.query(params![id, i64::try_from(next).unwrap_or(i64::MAX)])?;
    let mut chunks = Vec::new();
    while let Some(row) = rows.next()? {
        let first = row.get::<_, i64>(0)?.unsigned_abs();
        let lines = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let numbered = (first..).zip(lines.lines()).filter(|(seq, _)| *seq >= next);
        chunks.extend(numbered.map(|(seq, body)| (seq, body.to_owned())));
    }
    Ok(chunks)
}

/// Whether a turn goes on with a message that was there before it: its first chunk then names none.
pub(super) fn goes_on(db: &Connection, id: &str) -> Result<bool, AgentError> {
    let first: Option<String> = db
        .prepare_cached("SELECT bodies FROM domovoi_chunks WHERE turn_id = ?1 AND first = 0")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let begin = first.as_deref().and_then(|bodies| bodies.lines().next()).map(Chunk::parse);
    Ok(matches!(begin, Some(Ok(Chunk::Start { message_id: None, .. }))))
}

/// Notes how a turn has ended, and what people are told where it failed.
pub(super) fn end(
    db: &Connection,
    id: &str,
    status: TurnStatus,
    error: Option<&str>,
) -> Result<(), AgentError> {
    db.prepare_cached(
        "UPDATE domovoi_turns
         SET status = ?2, error = ?3, finished_at = unixepoch('subsec') * 1000 WHERE id = ?1",
    )?
    .execute(params![id, status.as_str(), error])?;
    Ok(())
}

/// What people are told of a turn, where it has failed.
pub(super) fn error(db: &Connection, id: &str) -> Result<Option<String>, AgentError> {
    let error = db
        .prepare_cached("SELECT error FROM domovoi_turns WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(error.flatten())
}

/// Why the newest message, a person's, has no answer, where its newest turn has failed.
pub(super) fn failure(db: &Connection) -> Result<Option<String>, AgentError> {
    let asked = history::last_of_user(db)?;
    if asked.is_none() || asked != history::head(db)? {
        return Ok(None);
    }
    let error = db
        .prepare_cached(
            "SELECT error FROM domovoi_turns WHERE asked = ?1 ORDER BY rowid DESC LIMIT 1",
        )?
        .query_row([asked], |row| row.get(0))
        .optional()?;
    Ok(error.flatten())
}

/// What a person is told of a turn that the end of the process has cut.
const INTERRUPTED: &str = "The server stopped while answering. Please try again.";

/// Ends turns that were running when the process ended: what they had written becomes a message
/// that says so.
pub(super) fn recover(db: &mut Connection) -> Result<(), AgentError> {
    let running: Vec<(String, String)> = {
        let mut statement =
            db.prepare_cached("SELECT id, message_id FROM domovoi_turns WHERE status = 'running'")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    let answered: Vec<String> = match running.is_empty() {
        true => Vec::new(),
        false => early::all(db)?.into_iter().map(|answer| answer.call).collect(),
    };
    for (id, message_id) in running {
        // A continuation goes on with a message that is there.
        let mut reducer = match history::get(db, &message_id)? {
            Some(message) => Reducer::resume(message),
            None => Reducer::new(message_id),
        };
        for (_, body) in chunks(db, &id, None)? {
            if let Ok(chunk) = Chunk::parse(&body) {
                reducer.apply(&chunk);
            }
        }
        for chunk in
            abandoned_calls(reducer.message(), "The server ended before the tool answered.")
        {
            let waits = matches!(&chunk, Chunk::ToolOutputError { tool_call_id, .. }
                if answered.contains(tool_call_id));
            if !waits {
                reducer.apply(&chunk);
            }
        }
        reducer.apply(&Chunk::MessageMetadata {
            message_metadata: json!({"turn": {"outcome": "interrupted", "error": INTERRUPTED}}),
        });
        let message = reducer.finish();
        let transaction = db.transaction()?;
        if has_content(&message) {
            history::upsert(&transaction, &message)?;
        }
        end(&transaction, &id, TurnStatus::Interrupted, Some(INTERRUPTED))?;
        transaction.commit()?;
    }
    Ok(())
}

/// Whether there is something to read in a message, rather than marks of steps alone.
pub(super) fn has_content(message: &UiMessage) -> bool {
    message.parts.iter().any(|part| match part {
        Part::StepStart => false,
        Part::Text { text, .. } => !text.is_empty(),
        _ => true,
    })
}
