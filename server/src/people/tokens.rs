//! API tokens: what programs show in the place of a cookie.

use rusqlite::{OptionalExtension, params};

use super::{
    By, Event, People, PeopleError, Person, PersonId, Scope, Token, accounts, audit::note,
};

/// What a token begins with, so that people and programs that look for secrets know it.
const PREFIX: &str = "dmv_";

/// The use of a token is written down no more often than this, in milliseconds.
const NOTE_EVERY: i64 = 60_000;

/// Most tokens of one person.
const MOST: i64 = 100;

/// A token as it is listed: without what makes it one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiToken {
    pub(crate) name: String,
    /// Whose it is, by name; nobody's where nobody had an account.
    pub(crate) person: Option<String>,
    /// The same, by id.
    pub(crate) person_id: Option<PersonId>,
    /// What it is good for.
    pub(crate) scopes: Vec<Scope>,
    pub(crate) created_at: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) used_at: Option<i64>,
}

const COLUMNS: &str = "tokens.name, people.name, tokens.created_at, expires_at, used_at,
     tokens.person, scopes
     FROM tokens LEFT JOIN people ON people.id = tokens.person";

impl ApiToken {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            name: row.get(0)?,
            person: row.get(1)?,
            created_at: row.get(2)?,
            expires_at: row.get(3)?,
            used_at: row.get(4)?,
            person_id: row.get::<_, Option<String>>(5)?.map(PersonId::from_database),
            scopes: Scope::parse_all(&row.get::<_, String>(6)?),
        })
    }

    /// Whether it is good for this.
    pub(crate) fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

impl People {
    /// Makes a token; what it answers is nowhere else.
    ///
    /// # Errors
    /// [`PeopleError::TokenName`] where another one has the name, or it is none;
    /// [`PeopleError::NoScope`] where it is good for nothing; [`PeopleError::TooManyTokens`].
    pub(crate) fn add_token(
        &self,
        by: &By,
        name: &str,
        person: Option<&Person>,
        scopes: &[Scope],
        expires_at: Option<i64>,
        now: i64,
    ) -> Result<String, PeopleError> {
        if scopes.is_empty() {
            return Err(PeopleError::NoScope);
        }
        let name = name.trim();
        let text = format!("{PREFIX}{}", Token::new()?.as_str());
        self.write(|db| {
            let taken: bool = db.query_row(
                "SELECT EXISTS (SELECT 1 FROM tokens WHERE name = ?1)",
                [name],
                |row| row.get(0),
            )?;
            if taken || name.is_empty() || name.len() > 64 || name.contains(char::is_control) {
                return Err(PeopleError::TokenName(name.to_owned()));
            }
            let count: i64 = db.query_row(
                "SELECT count(*) FROM tokens WHERE person = ?1",
                [person.map(|person| person.id.as_str())],
                |row| row.get(0),
            )?;
            if count >= MOST {
                return Err(PeopleError::TooManyTokens(MOST));
            }
            db.execute(
                "INSERT INTO tokens (hash, name, person, created_at, expires_at, scopes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    Token::hash(&text),
                    name,
                    person.map(|person| person.id.as_str()),
                    now,
                    expires_at,
                    Scope::write_all(scopes),
                ],
            )?;
            note(db, by, Event::TokenAdded, person.map_or("", |person| &person.name), name)
        })?;
        Ok(text)
    }

    /// Ends a token, at once.
    ///
    /// # Errors
    /// [`PeopleError::NoToken`] where there is none of that name.
    pub(crate) fn revoke_token(&self, by: &By, name: &str) -> Result<(), PeopleError> {
        self.end_token(by, name, None)
    }

    /// Ends a token of somebody's, at once.
    ///
    /// # Errors
    /// [`PeopleError::NoToken`] where they have none of that name.
    pub(crate) fn revoke_token_of(
        &self,
        by: &By,
        person: &Person,
        name: &str,
    ) -> Result<(), PeopleError> {
        self.end_token(by, name, Some(person.id.as_str()))
    }

    /// Ends a token, whosever it is where nobody is named.
    fn end_token(&self, by: &By, name: &str, of: Option<&str>) -> Result<(), PeopleError> {
        self.write(|db| {
            let sql = "DELETE FROM tokens WHERE name = ?1 AND (?2 IS NULL OR person = ?2)";
            if db.execute(sql, params![name, of])? == 0 {
                return Err(PeopleError::NoToken(name.to_owned()));
            }
            note(db, by, Event::TokenRevoked, "", name)
        })?;
        self.changed();
        Ok(())
    }

    /// Somebody's tokens, the oldest first.
    pub(crate) fn tokens_of(&self, person: &Person) -> Result<Vec<ApiToken>, PeopleError> {
        self.read(|db| {
            let sql = format!("SELECT {COLUMNS} WHERE tokens.person = ?1 ORDER BY tokens.id");
            db.prepare(&sql)?.query_map([person.id.as_str()], ApiToken::read)?.collect()
        })
    }

    /// All tokens, the oldest first.
    pub(crate) fn tokens(&self) -> Result<Vec<ApiToken>, PeopleError> {
        self.read(|db| {
            let mut all = db.prepare(&format!("SELECT {COLUMNS} ORDER BY tokens.id"))?;
            all.query_map([], ApiToken::read)?.collect()
        })
    }

    /// Whose token this is, where it is good; nobody's is no person's.
    pub(crate) fn admitted(
        &self,
        text: &str,
        now: i64,
    ) -> Result<Option<(Person, ApiToken)>, PeopleError> {
        let Some(token) = self.token(text, now)? else { return Ok(None) };
        let Some(id) = &token.person_id else { return Ok(None) };
        Ok(self.read(|db| accounts::by_id(db, id))?.map(|person| (person, token)))
    }

    /// The token with this text, where it is good. Once somebody has an account, one that is nobody's is
    /// not.
    pub(crate) fn token(&self, text: &str, now: i64) -> Result<Option<ApiToken>, PeopleError> {
        if !text.starts_with(PREFIX) {
            return Ok(None);
        }
        let hash = Token::hash(text);
        let found = self.read(|db| {
            db.prepare_cached(&format!(
                "SELECT {COLUMNS} WHERE tokens.hash = ?1 AND (expires_at IS NULL OR expires_at > ?2)"
            ))?
            .query_row(params![hash, now], ApiToken::read)
            .optional()
        })?;
        let Some(token) = found else { return Ok(None) };
        if token.person.is_none() && self.has_accounts()? {
            return Ok(None);
        }
        if token.used_at.is_none_or(|used| used + NOTE_EVERY <= now) {
            self.write(|db| {
                let sql = "UPDATE tokens SET used_at = ?2 WHERE hash = ?1";
                Ok(db.execute(sql, params![hash, now]).map(drop)?)
            })?;
        }
        Ok(Some(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_until_it_expires_or_is_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(folder.path()).unwrap();
        let by = By::command_line();
        let scopes = [Scope::Agents, Scope::Read];
        let text = people.add_token(&by, "laptop", None, &scopes, Some(1000), 1).unwrap();
        assert!(text.starts_with("dmv_") && text.len() > 40, "{text}");
        assert!(matches!(
            people.add_token(&by, "laptop", None, &scopes, None, 1),
            Err(PeopleError::TokenName(_))
        ));
        let found = people.token(&text, 999).unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.scopes.as_slice()), ("laptop", scopes.as_slice()));
        assert!(found.allows(Scope::Read) && !found.allows(Scope::Models));
        assert_eq!(people.tokens().unwrap()[0].used_at, Some(999));
        assert_eq!(people.token(&text, 1000).unwrap(), None);
        assert_eq!(people.token("dmv_wrong", 1).unwrap(), None);
        assert_eq!(people.token("", 1).unwrap(), None);
        people.revoke_token(&by, "laptop").unwrap();
        assert_eq!(people.token(&text, 999).unwrap(), None);
        assert!(matches!(people.revoke_token(&by, "laptop"), Err(PeopleError::NoToken(_))));
        let file = std::fs::read(folder.path().join(People::FILE)).unwrap();
        assert!(!file.windows(text.len()).any(|part| part == text.as_bytes()));
    }
}
