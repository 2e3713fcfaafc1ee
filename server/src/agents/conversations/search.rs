//! Full-text search over what was said in all conversations, in the list's own database.
//!
//! What is searched follows the conversations: after each turn a conversation tells its newest messages.

use domovoi_agents::{AgentError, Context};
use domovoi_app::types::{Fragment, SearchHit};
use domovoi_protocol::{Role, UiMessage};
use rusqlite::{OptionalExtension, Transaction, params};

use super::Conversations;

/// Newest messages of a conversation that are compared after a turn: an edit further back than this is
/// found again when the conversation is indexed anew.
pub(in super::super) const RECENT: usize = 60;

/// Most hits of one search.
const MOST_HITS: usize = 50;

/// Words around a hit.
const SNIPPET_WORDS: u8 = 12;

/// Begin and end of a hit within a snippet; no indexed text has them.
const HIT: [char; 2] = ['\u{1}', '\u{2}'];

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS said (
        id           INTEGER PRIMARY KEY,
        conversation TEXT NOT NULL,
        message      TEXT NOT NULL,
        role         TEXT NOT NULL,
        UNIQUE (conversation, message)
    );
    CREATE VIRTUAL TABLE IF NOT EXISTS said_text USING fts5 (
        text, tokenize = 'unicode61 remove_diacritics 2'
    );
";

/// What is indexed of a message.
pub(in super::super) struct Said {
    pub(in super::super) id: String,
    role: &'static str,
    text: String,
}

impl Said {
    /// Nothing where there is no text to find.
    pub(in super::super) fn of(message: &UiMessage) -> Option<Self> {
        let role = match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::System => return None,
        };
        let text: String = message.text().chars().filter(|it| !HIT.contains(it)).collect();
        (!text.trim().is_empty()).then(|| Self { id: message.id.clone(), role, text })
    }
}

/// Makes the tables; whether they are new.
pub(super) fn prepare(cx: &Context<Conversations>) -> Result<bool, AgentError> {
    cx.sql().transaction(|db| {
        let new = !db.table_exists(None, "said")?;
        db.execute_batch(TABLES)?;
        Ok(new)
    })
}

/// Indexes a conversation's newest messages; `whole` where there are no older ones.
pub(super) fn index(
    cx: &Context<Conversations>,
    conversation: &str,
    said: &[Said],
    whole: bool,
) -> Result<(), AgentError> {
    cx.sql().transaction(|db| {
        // What was indexed since the oldest of these and is not among them is gone.
        let since = match (whole, said.first()) {
            (true, _) => Some(0),
            (false, Some(oldest)) => place(db, conversation, &oldest.id)?,
            (false, None) => None,
        };
        if let Some(since) = since {
            let mut known = db.prepare_cached(
                "SELECT id, message FROM said WHERE conversation = ?1 AND id >= ?2",
            )?;
            let known: Vec<(i64, String)> = known
                .query_map(params![conversation, since], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            for (id, _) in
                known.iter().filter(|(_, message)| !said.iter().any(|it| it.id == *message))
            {
                forget_one(db, *id)?;
            }
        }
        said.iter().try_for_each(|message| put(db, conversation, message))
    })
}

fn place(db: &Transaction<'_>, conversation: &str, message: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM said WHERE conversation = ?1 AND message = ?2")?
        .query_row([conversation, message], |row| row.get(0))
        .optional()
}

fn put(db: &Transaction<'_>, conversation: &str, said: &Said) -> Result<(), AgentError> {
    if let Some(id) = place(db, conversation, &said.id)? {
        db.prepare_cached("UPDATE said_text SET text = ?2 WHERE rowid = ?1 AND text <> ?2")?
            .execute(params![id, said.text])?;
        return Ok(());
    }
    db.prepare_cached("INSERT INTO said (conversation, message, role) VALUES (?1, ?2, ?3)")?
        .execute(params![conversation, said.id, said.role])?;
    db.prepare_cached("INSERT INTO said_text (rowid, text) VALUES (?1, ?2)")?
        .execute(params![db.last_insert_rowid(), said.text])?;
    Ok(())
}

fn forget_one(db: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM said WHERE id = ?1")?.execute([id])?;
    db.prepare_cached("DELETE FROM said_text WHERE rowid = ?1")?.execute([id])?;
    Ok(())
}

/// Forgets a conversation.
pub(super) fn forget(cx: &Context<Conversations>, conversation: &str) -> Result<(), AgentError> {
    cx.sql().transaction(|db| {
        let mut ids = db.prepare_cached("SELECT id FROM said WHERE conversation = ?1")?;
        let ids: Vec<i64> =
            ids.query_map([conversation], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(ids.into_iter().try_for_each(|id| forget_one(db, id))?)
    })
}

/// Messages that have all the words, the best first; the last word may be a beginning.
pub(super) fn find(
    cx: &Context<Conversations>,
    query: &str,
    title_of: impl Fn(&str) -> Option<String>,
) -> Result<Vec<SearchHit>, AgentError> {
    let Some(expression) = expression(query) else { return Ok(Vec::new()) };
    let found: Vec<(String, String, String, String)> = cx.sql().query(
        "SELECT conversation, message, role, snippet(said_text, 0, ?2, ?3, '\u{2026}', ?4)
         FROM said_text JOIN said ON said.id = said_text.rowid
         WHERE said_text MATCH ?1 ORDER BY rank LIMIT ?5",
        params![expression, HIT[0].to_string(), HIT[1].to_string(), SNIPPET_WORDS, MOST_HITS],
    )?;
    let hits = found.into_iter().filter_map(|(conversation_id, message_id, role, snippet)| {
        let title = title_of(&conversation_id)?;
        let from_person = role == "user";
        let fragments = fragments(&snippet);
        Some(SearchHit { conversation_id, title, message_id, from_person, fragments })
    });
    Ok(hits.collect())
}

/// A query of FTS5 for what a person typed: every word, none of them an operator.
fn expression(query: &str) -> Option<String> {
    let words: Vec<String> = query
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| format!("\"{}\"", word.replace(['"', '\0'], " ")))
        .collect();
    (!words.is_empty()).then(|| words.join(" ") + "*")
}

fn fragments(snippet: &str) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    let mut hit = false;
    for text in snippet.split(HIT) {
        if !text.is_empty() {
            fragments.push(Fragment { text: text.to_owned(), hit });
        }
        hit = !hit;
    }
    fragments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_words_and_no_expression() {
        assert_eq!(expression("house spi").as_deref(), Some("\"house\" \"spi\"*"));
        assert_eq!(expression("a\"b OR (").as_deref(), Some("\"a b\" \"OR\"*"));
        assert_eq!(expression(" * - "), None);
        assert_eq!(expression(""), None);
    }

    #[test]
    fn a_snippet_in_pieces() {
        let piece = |text: &str, hit| Fragment { text: text.to_owned(), hit };
        assert_eq!(
            fragments("the \u{1}house\u{2} of"),
            [piece("the ", false), piece("house", true), piece(" of", false)]
        );
        assert_eq!(fragments("\u{1}a\u{2}"), [piece("a", true)]);
    }
}
