//! Whom an identity provider knows somebody as: by issuer and subject, never by an e-mail address.

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    By, Event, Name, People, PeopleError, Person, PersonId, Role, accounts, audit::note, store::now,
};

/// How often another name is tried where one is taken.
const NAMES: u32 = 99;

/// Somebody at an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) issuer: String,
    pub(crate) subject: String,
}

/// Whose an identity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nobody's so far.
    Nobody,
    /// Somebody's who was removed.
    Removed,
    /// This person's.
    Person {
        person: Person,
        /// Whether they linked it to their account themselves.
        linked: bool,
    },
}

fn known(db: &Connection, identity: &Identity) -> rusqlite::Result<Known> {
    let sql = "SELECT person, linked FROM identities WHERE issuer = ?1 AND subject = ?2";
    let found: Option<(Option<String>, bool)> = db
        .prepare_cached(sql)?
        .query_row([&identity.issuer, &identity.subject], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((person, linked)) = found else { return Ok(Known::Nobody) };
    let Some(id) = person else { return Ok(Known::Removed) };
    let person = accounts::by_id(db, &PersonId::from_database(id))?;
    Ok(person.map_or(Known::Removed, |person| Known::Person { person, linked }))
}

fn put(
    db: &Connection,
    identity: &Identity,
    person: &PersonId,
    linked: bool,
) -> Result<(), PeopleError> {
    db.execute(
        "INSERT INTO identities (issuer, subject, person, linked, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (issuer, subject) DO UPDATE SET person = ?3, linked = ?4, created_at = ?5",
        params![identity.issuer, identity.subject, person.as_str(), linked, now()],
    )?;
    Ok(())
}

fn has_password(db: &Connection, id: &PersonId) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM people WHERE id = ?1 AND password <> ''";
    db.prepare_cached(sql)?.exists([id.as_str()])
}

/// The name, or the first of those with a number after it that nobody has.
fn free_name(db: &Connection, wanted: &Name) -> Result<Name, PeopleError> {
    let mut taken = db.prepare_cached("SELECT 1 FROM people WHERE name_key = ?1")?;
    if !taken.exists([Name::key(wanted.as_str())])? {
        return Ok(wanted.clone());
    }
    let short: String = wanted.as_str().chars().take(60).collect();
    for number in 2..=NAMES {
        let name = Name::new(&format!("{} {number}", short.trim_end()))?;
        if !taken.exists([Name::key(name.as_str())])? {
            return Ok(name);
        }
    }
    Err(PeopleError::NameTaken(wanted.as_str().to_owned()))
}

impl People {
    /// Whose an identity is.
    pub(crate) fn identified(&self, identity: &Identity) -> Result<Known, PeopleError> {
        self.read(|db| known(db, identity))
    }

    /// Whether somebody can sign in with an identity of this issuer, and whether with a password.
    pub(crate) fn ways_in(&self, id: &PersonId, issuer: &str) -> Result<(bool, bool), PeopleError> {
        self.read(|db| {
            let sql = "SELECT 1 FROM identities WHERE person = ?1 AND issuer = ?2";
            let by_identity = db.prepare_cached(sql)?.exists([id.as_str(), issuer])?;
            Ok((by_identity, has_password(db, id)?))
        })
    }

    /// Whether somebody can sign in with a password.
    pub(crate) fn has_password(&self, id: &PersonId) -> Result<bool, PeopleError> {
        self.read(|db| has_password(db, id))
    }

    /// Adds somebody by their identity. They have no password: no text fits the one that is empty.
    ///
    /// # Errors
    /// [`PeopleError::FirstIsOwner`] where nobody has an account: nobody becomes the owner by this.
    pub(crate) fn add_identified(
        &self,
        by: &By,
        identity: &Identity,
        name: &Name,
        role: Role,
    ) -> Result<Person, PeopleError> {
        let added = self.write(|db| {
            if known(db, identity)? != Known::Nobody {
                return Err(PeopleError::IdentityTaken);
            }
            let added = accounts::insert(db, &free_name(db, name)?, role, "")?;
            put(db, identity, &added.id, false)?;
            let detail = format!("{} by OpenID Connect", role.name());
            note(db, &by.clone().named(&added.name), Event::Added, &added.name, &detail)?;
            Ok(added)
        })?;
        self.changed();
        Ok(added)
    }

    /// Lets a person sign in with an identity as well; `linked` where they have asked for it
    /// themselves, and come in whatever the configuration says of others.
    ///
    /// # Errors
    /// [`PeopleError::IdentityTaken`] where it is another's, [`PeopleError::Gone`].
    pub(crate) fn link(
        &self,
        by: &By,
        identity: &Identity,
        id: &PersonId,
        linked: bool,
    ) -> Result<Person, PeopleError> {
        self.write(|db| {
            let person = accounts::by_id(db, id)?.ok_or(PeopleError::Gone)?;
            match known(db, identity)? {
                Known::Person { person: other, .. } if other.id != *id => {
                    return Err(PeopleError::IdentityTaken);
                }
                // It is theirs already, for the reason it was.
                Known::Person { .. } => return Ok(person),
                Known::Nobody | Known::Removed => put(db, identity, id, linked)?,
            }
            note(db, by, Event::IdentityLinked, &person.name, &identity.issuer)?;
            Ok(person)
        })
    }

    /// Takes back that somebody can sign in with an identity of this issuer.
    ///
    /// # Errors
    /// [`PeopleError::LastWayIn`] where they have no password.
    pub(crate) fn unlink(&self, by: &By, person: &Person, issuer: &str) -> Result<(), PeopleError> {
        if !self.has_password(&person.id)? {
            return Err(PeopleError::LastWayIn);
        }
        self.write(|db| {
            let sql = "DELETE FROM identities WHERE person = ?1 AND issuer = ?2";
            if db.execute(sql, [person.id.as_str(), issuer])? > 0 {
                note(db, by, Event::IdentityUnlinked, &person.name, issuer)?;
            }
            Ok(())
        })
    }

    /// Writes down that an identity provider's answer let nobody in, and why.
    pub(crate) fn not_identified(&self, by: &By, why: &str) -> Result<(), PeopleError> {
        let why: String = why.chars().filter(|it| !it.is_control()).take(300).collect();
        self.write(|db| note(db, by, Event::SignInFailed, "", &why))
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::people::Password;

    fn people() -> (TempDir, People, Person) {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(folder.path()).unwrap();
        let password = Password::new("a long password", "anna").unwrap();
        let name = Name::new("anna").unwrap();
        let anna = people.add(&By::command_line(), &name, Role::Owner, &password).unwrap();
        (folder, people, anna)
    }

    fn identity(subject: &str) -> Identity {
        Identity { issuer: "https://id.example".to_owned(), subject: subject.to_owned() }
    }

    fn add(people: &People, subject: &str, name: &str) -> Result<Person, PeopleError> {
        let name = Name::new(name)?;
        people.add_identified(&By::command_line(), &identity(subject), &name, Role::Member)
    }

    #[test]
    fn nobody_becomes_the_owner_by_an_identity() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(folder.path()).unwrap();
        assert!(matches!(add(&people, "1", "eve"), Err(PeopleError::FirstIsOwner)));
        assert_eq!(people.identified(&identity("1")).unwrap(), Known::Nobody);
    }

    #[test]
    fn who_is_called_like_another_gets_a_name_and_an_account_of_their_own() {
        let (_folder, people, anna) = people();
        let other = add(&people, "1", "Anna").unwrap();
        assert_eq!((other.name.as_str(), other.id == anna.id), ("Anna 2", false));
        let known = people.identified(&identity("1")).unwrap();
        assert_eq!(known, Known::Person { person: other.clone(), linked: false });
        assert!(matches!(add(&people, "1", "Anna"), Err(PeopleError::IdentityTaken)));
        // They have no password, not even an empty one.
        assert_eq!(people.knows("Anna 2", "").unwrap(), None);
        assert_eq!(people.ways_in(&other.id, "https://id.example").unwrap(), (true, false));
        let by = By::command_line();
        let unlinked = people.unlink(&by, &other, "https://id.example");
        assert!(matches!(unlinked, Err(PeopleError::LastWayIn)));
    }

    #[test]
    fn an_identity_is_one_persons_and_can_be_taken_back() {
        let (_folder, people, anna) = people();
        let (by, issuer) = (By::command_line(), "https://id.example");
        let other = add(&people, "1", "bob").unwrap();
        let taken = people.link(&by, &identity("1"), &anna.id, true);
        assert!(matches!(taken, Err(PeopleError::IdentityTaken)));
        people.link(&by, &identity("2"), &anna.id, true).unwrap();
        let known = people.identified(&identity("2")).unwrap();
        assert_eq!(known, Known::Person { person: anna.clone(), linked: true });
        // What is theirs by the configuration stays so.
        people.link(&by, &identity("1"), &other.id, true).unwrap();
        let known = people.identified(&identity("1")).unwrap();
        assert_eq!(known, Known::Person { person: other.clone(), linked: false });
        people.unlink(&by, &anna, issuer).unwrap();
        assert_eq!(people.identified(&identity("2")).unwrap(), Known::Nobody);
        assert_eq!(people.ways_in(&other.id, issuer).unwrap(), (true, false));
    }

    #[test]
    fn who_was_removed_does_not_come_back() {
        let (_folder, people, _) = people();
        let bob = add(&people, "1", "bob").unwrap();
        people.remove(&By::command_line(), &bob.id).unwrap();
        assert_eq!(people.identified(&identity("1")).unwrap(), Known::Removed);
        assert!(matches!(add(&people, "1", "bob"), Err(PeopleError::IdentityTaken)));
    }
}
