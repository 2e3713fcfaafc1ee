//! Full-text search over what was said in all conversations, in the list's own database.
//!
//! What is searched follows the conversations: at the begin and the end of a turn a conversation tells
//! its newest messages, and all of them when its history has changed in any other way.

mod hits;

use std::collections::HashSet;

use domovoi_agents::{AgentError, Context};
use domovoi_app::{
    markdown::plain,
    types::{Conversation, FoundMessage, SearchHit},
};
use domovoi_protocol::{Role, UiMessage};
use rusqlite::{Connection, OptionalExtension, params};

use self::hits::{HIT, Hits, fragments};
use super::Conversations;

/// Newest messages of a conversation that are compared around a turn. What a turn takes away is always the
/// end of a history, so that this is enough.
pub(in super::super) const RECENT: usize = 60;

/// Most messages that a search looks at.
const MOST_MESSAGES: usize = 300;

/// Words around a hit.
const SNIPPET_WORDS: u8 = 12;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS said (
        id           INTEGER PRIMARY KEY,
        conversation TEXT NOT NULL,
        message      TEXT NOT NULL,
        role         TEXT NOT NULL,
        UNIQUE (conversation, message)
    );
    -- Conversations of which every message was indexed once, by its text. Before that it was Markdown.
    CREATE TABLE IF NOT EXISTS said_read (conversation TEXT PRIMARY KEY) WITHOUT ROWID;
    DROP TABLE IF EXISTS said_whole;
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
        let text = match message.role {
            // What a person wrote is shown as it is; an answer is Markdown.
            Role::Assistant => plain(&message.text()),
            _ => message.text(),
        };
        let text: String = text.chars().filter(|it| !HIT.contains(it)).collect();
        (!text.trim().is_empty()).then(|| Self { id: message.id.clone(), role, text })
    }
}

/// Makes the tables where there are none.
pub(super) fn prepare(cx: &Context<Conversations>) -> Result<(), AgentError> {
    cx.sql().transaction(|db| Ok(db.execute_batch(TABLES)?))
}

/// Those of these conversations that were never indexed from their first message on.
pub(super) fn not_indexed(
    cx: &Context<Conversations>,
    mut conversations: Vec<String>,
) -> Result<Vec<String>, AgentError> {
    let whole: Vec<String> = cx.sql().query("SELECT conversation FROM said_read", [])?;
    let whole: HashSet<String> = whole.into_iter().collect();
    conversations.retain(|id| !whole.contains(id));
    Ok(conversations)
}

/// Indexes a conversation's newest messages; `whole` where there are no older ones.
pub(super) fn index(
    cx: &Context<Conversations>,
    conversation: &str,
    said: &[Said],
    whole: bool,
) -> Result<(), AgentError> {
    cx.sql().transaction(|db| put_all(db, conversation, said, whole))
}

fn put_all(
    db: &Connection,
    conversation: &str,
    said: &[Said],
    whole: bool,
) -> Result<(), AgentError> {
    // What was indexed since the oldest of these and is not among them is gone.
    let since = match (whole, said.first()) {
        (true, _) => Some(0),
        (false, Some(oldest)) => place(db, conversation, &oldest.id)?,
        (false, None) => None,
    };
    if let Some(since) = since {
        let mut known =
            db.prepare_cached("SELECT id, message FROM said WHERE conversation = ?1 AND id >= ?2")?;
        let known: Vec<(i64, String)> = known
            .query_map(params![conversation, since], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let now: HashSet<&str> = said.iter().map(|it| it.id.as_str()).collect();
        for (id, _) in known.iter().filter(|(_, message)| !now.contains(message.as_str())) {
            forget_one(db, *id)?;
        }
    }
    said.iter().try_for_each(|message| put(db, conversation, message))?;
    if whole {
        db.prepare_cached("INSERT OR IGNORE INTO said_read (conversation) VALUES (?1)")?
            .execute([conversation])?;
    }
    Ok(())
}

fn place(db: &Connection, conversation: &str, message: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM said WHERE conversation = ?1 AND message = ?2")?
        .query_row([conversation, message], |row| row.get(0))
        .optional()
}

fn put(db: &Connection, conversation: &str, said: &Said) -> Result<(), AgentError> {
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

fn forget_one(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM said WHERE id = ?1")?.execute([id])?;
    db.prepare_cached("DELETE FROM said_text WHERE rowid = ?1")?.execute([id])?;
    Ok(())
}

/// Forgets a conversation.
pub(super) fn forget(cx: &Context<Conversations>, conversation: &str) -> Result<(), AgentError> {
    cx.sql().transaction(|db| forget_all(db, conversation))
}

fn forget_all(db: &Connection, conversation: &str) -> Result<(), AgentError> {
    let mut ids = db.prepare_cached("SELECT id FROM said WHERE conversation = ?1")?;
    let ids: Vec<i64> =
        ids.query_map([conversation], |row| row.get(0))?.collect::<Result<_, _>>()?;
    ids.into_iter().try_for_each(|id| forget_one(db, id))?;
    db.prepare_cached("DELETE FROM said_read WHERE conversation = ?1")?.execute([conversation])?;
    Ok(())
}

/// Conversations that have all the words in their title or in a message, the best first; the last word may
/// be a beginning.
pub(super) fn find(
    cx: &Context<Conversations>,
    query: &str,
    listed: Vec<&Conversation>,
) -> Result<Vec<SearchHit>, AgentError> {
    let mut hits = Hits::in_titles(query, listed);
    let Some(expression) = expression(query) else { return Ok(hits.into_found()) };
    let found: Vec<(String, String, String, String)> = cx.sql().query(
        "SELECT conversation, message, role, snippet(said_text, 0, ?2, ?3, '\u{2026}', ?4)
         FROM said_text JOIN said ON said.id = said_text.rowid
         WHERE said_text MATCH ?1 ORDER BY rank LIMIT ?5",
        params![expression, HIT[0].to_string(), HIT[1].to_string(), SNIPPET_WORDS, MOST_MESSAGES],
    )?;
    for (conversation, message_id, role, snippet) in found {
        hits.add(&conversation, || FoundMessage {
            message_id,
            from_person: role == "user",
            fragments: fragments(&snippet),
        });
    }
    Ok(hits.into_found())
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

    /// The messages in which a word is found, in order.
    fn found(db: &Connection, word: &str) -> Vec<String> {
        let mut statement = db
            .prepare(
                "SELECT message FROM said JOIN said_text ON said.id = said_text.rowid
                 WHERE said_text MATCH ?1 ORDER BY message",
            )
            .unwrap();
        let rows = statement.query_map([expression(word).unwrap()], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn said(all: &[(&str, &str)]) -> Vec<Said> {
        let message =
            |(id, text): &(&str, &str)| Said::of(&UiMessage::new(*id, Role::User, *text)).unwrap();
        all.iter().map(message).collect()
    }

    #[test]
    fn what_is_found_is_what_a_conversation_says_now() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(TABLES).unwrap();
        let tell = |conversation: &str, all: &[(&str, &str)], whole: bool| {
            put_all(&db, conversation, &said(all), whole).unwrap();
        };
        tell("a", &[("1", "red tea"), ("2", "green tea"), ("3", "black tea")], true);
        tell("b", &[("4", "tea for two")], true);
        assert_eq!(found(&db, "tea"), ["1", "2", "3", "4"]);
        // The newest are told after a turn: what is older stays, what was left since is not found.
        tell("a", &[("2", "green t\u{e9}"), ("5", "white tea")], false);
        assert_eq!(found(&db, "tea"), ["1", "4", "5"]);
        assert_eq!(found(&db, "te"), ["1", "2", "4", "5"], "a word may be a beginning");
        // Another version has another way from its first message on.
        tell("a", &[("6", "no coffee"), ("7", "tea after all")], true);
        assert_eq!(found(&db, "tea"), ["4", "7"]);
        tell("a", &[], true);
        assert_eq!(found(&db, "tea"), ["4"]);
        forget_all(&db, "b").unwrap();
        assert!(found(&db, "tea").is_empty());
    }

    #[test]
    fn whatever_is_typed_is_understood() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(TABLES).unwrap();
        put_all(&db, "a", &said(&[("1", "a AND b")]), true).unwrap();
        for typed in ["\"a", "a*", "a AND", "NOT a", "a:b", "(a", "{a}:", "^a", "a\0", "a + -a"] {
            found(&db, typed);
        }
        assert_eq!(found(&db, "AND"), ["1"]);
    }

    #[test]
    fn an_answer_is_found_by_what_is_read() {
        let text = "**Bread** [rises](https://yeast.example)";
        let of = |role| Said::of(&UiMessage::new("1", role, text)).unwrap().text;
        assert_eq!(of(Role::Assistant).trim(), "Bread rises");
        assert_eq!(of(Role::User), text);
    }
}
