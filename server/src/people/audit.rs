//! What happened: a log that is only ever added to.

use rusqlite::{Connection, Row, params};

use super::{People, PeopleError, store::now};

/// The name of whoever can write to the data folder.
pub(crate) const COMMAND_LINE: &str = "command line";

/// Longest SQL that is written down, in characters.
const MAX_SQL: usize = 300;

/// Something that is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    SignedIn,
    SignInFailed,
    SignedOut,
    Added,
    Removed,
    PasswordChanged,
    RoleChanged,
    SessionRevoked,
    Invited,
    InvitationRevoked,
    TokenAdded,
    TokenRevoked,
    Shared,
    ShareRevoked,
    QuotaChanged,
    Purged,
    IdentityLinked,
    IdentityUnlinked,
    SqlUnlocked,
}

impl Event {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed in",
            Self::SignInFailed => "sign-in failed",
            Self::SignedOut => "signed out",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::PasswordChanged => "password changed",
            Self::RoleChanged => "role changed",
            Self::SessionRevoked => "session revoked",
            Self::Invited => "invited",
            Self::InvitationRevoked => "invitation revoked",
            Self::TokenAdded => "token added",
            Self::TokenRevoked => "token revoked",
            Self::Shared => "conversation shared",
            Self::ShareRevoked => "link taken back",
            Self::QuotaChanged => "limits changed",
            Self::Purged => "data deleted",
            Self::IdentityLinked => "identity linked",
            Self::IdentityUnlinked => "identity unlinked",
            Self::SqlUnlocked => "unlocked SQL",
        }
    }
}

/// Who does something, and from where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct By {
    /// A name; empty where it is not known.
    pub(crate) name: String,
    /// An address; empty for the command line.
    pub(crate) address: String,
}

impl By {
    /// Somebody who can write to the data folder.
    pub(crate) fn command_line() -> Self {
        Self { name: COMMAND_LINE.to_owned(), address: String::new() }
    }

    /// Somebody at this address who has not said who they are.
    pub(crate) fn at(address: impl ToString) -> Self {
        Self { name: String::new(), address: address.to_string() }
    }

    /// The same, with a name.
    pub(crate) fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: i64,
    pub(crate) event: String,
    pub(crate) actor: String,
    pub(crate) subject: String,
    pub(crate) detail: String,
    pub(crate) address: String,
}

/// Adds a line, in the transaction of what it is about.
pub(super) fn note(
    db: &Connection,
    by: &By,
    event: Event,
    subject: &str,
    detail: &str,
) -> Result<(), PeopleError> {
    db.prepare_cached(
        "INSERT INTO audit (at, event, actor, subject, detail, address)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![now(), event.name(), by.name, subject, detail, by.address])?;
    Ok(())
}

impl Entry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            at: row.get(0)?,
            event: row.get(1)?,
            actor: row.get(2)?,
            subject: row.get(3)?,
            detail: row.get(4)?,
            address: row.get(5)?,
        })
    }
}

impl People {
    /// The newest lines, newest first.
    pub(crate) fn audit(&self, limit: u32) -> Result<Vec<Entry>, PeopleError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT at, event, actor, subject, detail, address
                 FROM audit ORDER BY id DESC LIMIT ?1",
            )?;
            let rows = statement.query_map([limit], Entry::read)?;
            rows.collect()
        })
    }

    /// The newest lines of one kind about somebody or something, newest first.
    pub(crate) fn audit_of(&self, event: Event, subject: &str) -> Result<Vec<Entry>, PeopleError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT at, event, actor, subject, detail, address
                 FROM audit WHERE event = ?1 AND subject = ?2 ORDER BY id DESC LIMIT 50",
            )?;
            let rows = statement.query_map([event.name(), subject], Entry::read)?;
            rows.collect()
        })
    }

    /// Writes down SQL that may change what an instance has stored. Those who look after others read
    /// the log, so what stands between quotes is left out: it may be what somebody said.
    pub(crate) fn note_sql(&self, by: &By, instance: &str, sql: &str) -> Result<(), PeopleError> {
        self.write(|db| note(db, by, Event::SqlUnlocked, instance, &without_values(sql)))
    }
}

/// A statement in one line, not too long, with nothing between its quotes.
fn without_values(sql: &str) -> String {
    let mut quote = None;
    let kept: String = sql
        .chars()
        .filter(|letter| match quote {
            Some(open) => {
                let closes = *letter == open;
                quote = quote.filter(|_| !closes);
                closes
            }
            None => {
                quote = Some(*letter).filter(|letter| matches!(letter, '\'' | '"'));
                true
            }
        })
        .collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    words.join(" ").chars().take(MAX_SQL).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_written_down_without_what_is_in_it() {
        let sql = "UPDATE notes\n  SET text = 'a \"secret\"' WHERE \"text\" = 'it''s' AND id > 7";
        let written = without_values(sql);
        assert!(written.starts_with("UPDATE notes SET text = '' WHERE \"\" = '"), "{written}");
        assert!(written.ends_with("' AND id > 7") && !written.contains("it"), "{written}");
        assert_eq!(without_values("SELECT 'never closed"), "SELECT '");
        assert_eq!(without_values(&"x".repeat(9_999)).len(), MAX_SQL);
    }
}
