//! Links to conversations: whoever has one reads what was shared, and nothing else.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};

use super::{By, Event, People, PeopleError, Person, PersonId, Role, Token, audit::note};

/// Most bytes of what a link shows.
const MAX_CONTENT: usize = 5_000_000;

/// A link as it is listed: without what makes it one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) messages: usize,
    pub(crate) created_at: i64,
}

/// What a link is to show.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewContent {
    pub(crate) conversation: String,
    pub(crate) title: String,
    pub(crate) messages: usize,
    /// JSON.
    pub(crate) content: String,
}

/// Who has links and homes of their own: a person by id, or the owner, who may have no account yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Whose(Option<PersonId>);

impl Whose {
    /// The owner, or nobody where nobody has an account.
    pub(crate) fn owner() -> Self {
        Self(None)
    }

    pub(crate) fn of(person: &Person) -> Self {
        Self((person.role != Role::Owner).then(|| person.id.clone()))
    }

    fn as_str(&self) -> Option<&str> {
        self.0.as_ref().map(PersonId::as_str)
    }
}

/// The links to conversations of one home.
#[derive(Debug, Clone)]
pub(crate) struct Shares {
    people: Arc<People>,
    whose: Whose,
}

impl Shares {
    pub(crate) fn new(people: &Arc<People>, whose: Whose) -> Self {
        Self { people: Arc::clone(people), whose }
    }

    /// Ends the links to a conversation that is no more.
    pub(crate) fn end_those_to(&self, conversation: &str) -> Result<(), PeopleError> {
        self.people.write(|db| {
            let sql = "DELETE FROM shares WHERE conversation = ?1 AND person IS ?2";
            db.execute(sql, params![conversation, self.whose.as_str()])?;
            Ok(())
        })
    }
}

impl People {
    /// Makes a link; what it answers goes into it, and is nowhere else.
    ///
    /// # Errors
    /// [`PeopleError::ShareTooLarge`].
    pub(crate) fn share(
        &self,
        by: &By,
        whose: &Whose,
        new: &NewContent,
        now: i64,
    ) -> Result<Token, PeopleError> {
        if new.content.len() > MAX_CONTENT {
            return Err(PeopleError::ShareTooLarge(MAX_CONTENT / 1_000_000));
        }
        let token = Token::new()?;
        self.write(|db| {
            db.execute(
                "INSERT INTO shares (hash, person, conversation, title, messages, created_at, content)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    Token::hash(token.as_str()),
                    whose.as_str(),
                    new.conversation,
                    new.title,
                    new.messages,
                    now,
                    new.content,
                ],
            )?;
            note(db, by, Event::Shared, "", "")
        })?;
        Ok(token)
    }

    /// Somebody's links, the newest first.
    pub(crate) fn shares(&self, whose: &Whose) -> Result<Vec<Share>, PeopleError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT id, title, messages, created_at FROM shares
                 WHERE person IS ?1 ORDER BY id DESC",
            )?;
            let rows = statement.query_map([whose.as_str()], |row| {
                Ok(Share {
                    id: row.get(0)?,
                    title: row.get(1)?,
                    messages: row.get(2)?,
                    created_at: row.get(3)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Ends one of somebody's links; one that is not theirs, or not there, is left alone.
    pub(crate) fn unshare(&self, by: &By, whose: &Whose, id: i64) -> Result<(), PeopleError> {
        self.write(|db| {
            let sql = "DELETE FROM shares WHERE id = ?1 AND person IS ?2";
            if db.execute(sql, params![id, whose.as_str()])? > 0 {
                note(db, by, Event::ShareRevoked, "", "")?;
            }
            Ok(())
        })
    }

    /// What a link shows, and since when; nothing where it is not good.
    pub(crate) fn shared(&self, token: &str) -> Result<Option<(String, i64)>, PeopleError> {
        let hash = Token::hash(token);
        self.read(|db| {
            db.prepare_cached("SELECT content, created_at FROM shares WHERE hash = ?1")?
                .query_row([hash], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
    }
}
