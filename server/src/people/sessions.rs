//! Sessions: who is signed in where. A cookie carries a secret of which the hash is kept.

use rusqlite::{OptionalExtension, params};

use super::{By, Event, People, PeopleError, Person, PersonId, Token, accounts, audit::note};

/// How long a session lasts that nobody uses, in milliseconds: 30 days.
pub(crate) const LIFETIME: i64 = 30 * 24 * 60 * 60 * 1000;
/// When a use is written down that comes after another, in milliseconds: 10 minutes.
const GRAIN: i64 = 10 * 60 * 1000;
/// Longest name of a browser that is kept, in characters.
const MAX_USER_AGENT: usize = 300;

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub(crate) person: Person,
    /// The session's id.
    pub(crate) session: i64,
    seen_at: i64,
}

impl SignedIn {
    /// Somebody whose program shows a token of theirs, and has no session.
    pub(crate) fn by_token(person: Person) -> Self {
        Self { person, session: 0, seen_at: i64::MAX }
    }

    /// Whether its use is to be written down again.
    pub(crate) fn is_due(&self, now: i64) -> bool {
        now.saturating_sub(self.seen_at) >= GRAIN
    }
}

/// A session as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: i64,
    pub(crate) created_at: i64,
    pub(crate) seen_at: i64,
    pub(crate) user_agent: String,
}

impl People {
    /// Signs somebody in who has shown who they are; answers what their cookie is to carry. A
    /// session they had in the same browser ends.
    ///
    /// # Errors
    /// [`PeopleError::Gone`] where the person was removed meanwhile.
    pub(crate) fn sign_in(
        &self,
        by: &By,
        id: &PersonId,
        user_agent: &str,
        before: Option<&str>,
        now: i64,
    ) -> Result<Token, PeopleError> {
        let token = Token::new()?;
        let user_agent: String =
            user_agent.chars().filter(|it| !it.is_control()).take(MAX_USER_AGENT).collect();
        self.write(|db| {
            let person = accounts::by_id(db, id)?.ok_or(PeopleError::Gone)?;
            db.execute("DELETE FROM sessions WHERE expires_at <= ?1", [now])?;
            if let Some(before) = before {
                let hash = Token::hash(before);
                let sql = "DELETE FROM sessions WHERE hash = ?1 AND person = ?2";
                db.execute(sql, params![hash, id.as_str()])?;
            }
            db.execute(
                "INSERT INTO sessions (hash, person, created_at, seen_at, expires_at, user_agent)
                 VALUES (?1, ?2, ?3, ?3, ?4, ?5)",
                params![Token::hash(token.as_str()), id.as_str(), now, now + LIFETIME, user_agent],
            )?;
            note(db, by, Event::SignedIn, &person.name, "")
        })?;
        self.changed();
        Ok(token)
    }

    /// Writes down that somebody could not sign in. What was typed as a name is kept only where it
    /// is one: people type passwords there.
    pub(crate) fn sign_in_failed(&self, by: &By, name: &str) -> Result<(), PeopleError> {
        let name = match self.called(name) {
            Ok(person) => person.name,
            Err(PeopleError::Nobody(_)) => String::new(),
            Err(error) => return Err(error),
        };
        self.write(|db| note(db, by, Event::SignInFailed, &name, ""))
    }

    /// Whose cookie this is, where its session is good.
    pub(crate) fn signed_in(&self, token: &str, now: i64) -> Result<Option<SignedIn>, PeopleError> {
        let hash = Token::hash(token);
        self.read(|db| {
            let found: Option<(i64, String, i64)> = db
                .prepare_cached(
                    "SELECT id, person, seen_at FROM sessions WHERE hash = ?1 AND expires_at > ?2",
                )?
                .query_row(params![hash, now], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            let Some((session, person, seen_at)) = found else { return Ok(None) };
            let person = accounts::by_id(db, &PersonId::from_database(person))?;
            Ok(person.map(|person| SignedIn { person, session, seen_at }))
        })
    }

    /// Notes that a session is in use, which makes it last longer.
    pub(crate) fn seen(&self, signed_in: &SignedIn, now: i64) -> Result<(), PeopleError> {
        if !signed_in.is_due(now) {
            return Ok(());
        }
        self.write(|db| {
            db.prepare_cached("UPDATE sessions SET seen_at = ?2, expires_at = ?3 WHERE id = ?1")?
                .execute(params![signed_in.session, now, now + LIFETIME])?;
            Ok(())
        })
    }

    /// Somebody's sessions that are good, the one used last first.
    pub(crate) fn sessions(&self, id: &PersonId, now: i64) -> Result<Vec<Session>, PeopleError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT id, created_at, seen_at, user_agent FROM sessions
                 WHERE person = ?1 AND expires_at > ?2 ORDER BY seen_at DESC, id DESC",
            )?;
            let rows = statement.query_map(params![id.as_str(), now], |row| {
                Ok(Session {
                    id: row.get(0)?,
                    created_at: row.get(1)?,
                    seen_at: row.get(2)?,
                    user_agent: row.get(3)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Ends the session somebody asks with.
    pub(crate) fn sign_out(&self, by: &By, signed_in: &SignedIn) -> Result<(), PeopleError> {
        self.end(by, &signed_in.person, signed_in.session, Event::SignedOut)
    }

    /// Ends one of somebody's sessions; one that is not theirs, or not there, is left alone.
    pub(crate) fn revoke(&self, by: &By, of: &Person, session: i64) -> Result<(), PeopleError> {
        self.end(by, of, session, Event::SessionRevoked)
    }

    fn end(&self, by: &By, of: &Person, session: i64, event: Event) -> Result<(), PeopleError> {
        self.write(|db| {
            let sql = "DELETE FROM sessions WHERE id = ?1 AND person = ?2";
            if db.execute(sql, params![session, of.id.as_str()])? > 0 {
                note(db, by, event, &of.name, "")?;
            }
            Ok(())
        })?;
        self.changed();
        Ok(())
    }
}
