//! Accounts: who there is, added and removed, roles and passwords.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    By, Event, Name, Password, People, PeopleError, Person, PersonId, Role, audit::note,
    invitations, password::verify, removed, store::now,
};

const COLUMNS: &str = "id, name, role, created_at";

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    let role: String = row.get(2)?;
    Ok(Person {
        id: PersonId::from_database(row.get(0)?),
        name: row.get(1)?,
        // The table takes no other.
        role: Role::from_name(&role).unwrap_or(Role::Member),
        created_at: row.get(3)?,
    })
}

/// The person with this id.
pub(super) fn by_id(db: &Connection, id: &PersonId) -> rusqlite::Result<Option<Person>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM people WHERE id = ?1"))?
        .query_row([id.as_str()], person)
        .optional()
}

/// Adds somebody, in a transaction that may do more.
pub(super) fn insert(
    db: &Connection,
    name: &Name,
    role: Role,
    password_hash: &str,
) -> Result<Person, PeopleError> {
    let key = Name::key(name.as_str());
    let exists = |sql: &str, value: &str| db.prepare_cached(sql)?.exists([value]);
    if exists("SELECT 1 FROM people WHERE name_key = ?1", &key)? {
        return Err(PeopleError::NameTaken(name.as_str().to_owned()));
    }
    let owner = Role::Owner.name();
    match (role, exists("SELECT 1 FROM people WHERE role = ?1", owner)?) {
        (Role::Owner, true) => return Err(PeopleError::OwnerExists),
        (Role::Admin | Role::Member, false) => return Err(PeopleError::FirstIsOwner),
        _ => {}
    }
    let name = name.as_str().to_owned();
    let added = Person { id: PersonId::new(), name, role, created_at: now() };
    db.execute(
        "INSERT INTO people (id, name, name_key, role, password, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![added.id.as_str(), added.name, key, role.name(), password_hash, added.created_at],
    )?;
    Ok(added)
}

impl People {
    /// Everybody, in the order they came.
    pub(crate) fn everybody(&self) -> Result<Vec<Person>, PeopleError> {
        self.read(|db| {
            let sql = format!("SELECT {COLUMNS} FROM people ORDER BY created_at, name_key");
            db.prepare_cached(&sql)?.query_map([], person)?.collect()
        })
    }

    /// The person with this name.
    ///
    /// # Errors
    /// [`PeopleError::Nobody`].
    pub(crate) fn called(&self, name: &str) -> Result<Person, PeopleError> {
        let sql = format!("SELECT {COLUMNS} FROM people WHERE name_key = ?1");
        let found = self
            .read(|db| db.prepare_cached(&sql)?.query_row([Name::key(name)], person).optional())?;
        found.ok_or_else(|| PeopleError::Nobody(name.to_owned()))
    }

    /// The person with this id, where there still is one.
    pub(crate) fn with_id(&self, id: &PersonId) -> Result<Option<Person>, PeopleError> {
        self.read(|db| by_id(db, id))
    }

    /// The owner, once there is one.
    pub(crate) fn owner(&self) -> Result<Option<Person>, PeopleError> {
        let sql = format!("SELECT {COLUMNS} FROM people WHERE role = 'owner'");
        self.read(|db| db.prepare_cached(&sql)?.query_row([], person).optional())
    }

    /// Adds somebody; the first is the owner.
    ///
    /// # Errors
    /// [`PeopleError::NameTaken`], [`PeopleError::OwnerExists`], [`PeopleError::FirstIsOwner`].
    pub(crate) fn add(
        &self,
        by: &By,
        name: &Name,
        role: Role,
        password: &Password,
    ) -> Result<Person, PeopleError> {
        let hash = password.hash()?;
        let added = self.write(|db| {
            let added = insert(db, name, role, &hash)?;
            note(db, by, Event::Added, &added.name, role.name())?;
            Ok(added)
        })?;
        self.changed();
        Ok(added)
    }

    /// Removes somebody and ends their sessions and invitations; their data stays for a while.
    ///
    /// # Errors
    /// [`PeopleError::OwnerStays`], [`PeopleError::Gone`].
    pub(crate) fn remove(&self, by: &By, id: &PersonId) -> Result<Person, PeopleError> {
        let removed = self.write(|db| {
            let person = by_id(db, id)?.ok_or(PeopleError::Gone)?;
            if person.role == Role::Owner {
                return Err(PeopleError::OwnerStays);
            }
            db.execute("DELETE FROM people WHERE id = ?1", [id.as_str()])?;
            removed::remember(db, &person)?;
            invitations::end_those_of(db, &person.name)?;
            note(db, by, Event::Removed, &person.name, "")?;
            Ok(person)
        })?;
        self.changed();
        Ok(removed)
    }

    /// Gives somebody another role, and ends the invitations they made in the one before.
    ///
    /// # Errors
    /// [`PeopleError::OwnerExists`], [`PeopleError::OwnerStays`], [`PeopleError::Gone`].
    pub(crate) fn set_role(&self, by: &By, id: &PersonId, role: Role) -> Result<(), PeopleError> {
        self.write(|db| {
            let person = by_id(db, id)?.ok_or(PeopleError::Gone)?;
            match (person.role, role) {
                (before, after) if before == after => return Ok(()),
                (Role::Owner, _) => return Err(PeopleError::OwnerStays),
                (_, Role::Owner) => return Err(PeopleError::OwnerExists),
                _ => {}
            }
            db.execute(
                "UPDATE people SET role = ?2 WHERE id = ?1",
                params![id.as_str(), role.name()],
            )?;
            invitations::end_those_of(db, &person.name)?;
            note(db, by, Event::RoleChanged, &person.name, role.name())
        })
    }

    /// Gives somebody another password and ends their sessions, but for the one they ask with.
    ///
    /// # Errors
    /// [`PeopleError::Gone`].
    pub(crate) fn set_password(
        &self,
        by: &By,
        id: &PersonId,
        password: &Password,
        but_session: Option<i64>,
    ) -> Result<(), PeopleError> {
        let hash = password.hash()?;
        self.write(|db| {
            let person = by_id(db, id)?.ok_or(PeopleError::Gone)?;
            db.execute(
                "UPDATE people SET password = ?2 WHERE id = ?1",
                params![id.as_str(), hash],
            )?;
            db.execute(
                "DELETE FROM sessions WHERE person = ?1 AND id <> ?2",
                params![id.as_str(), but_session.unwrap_or_default()],
            )?;
            note(db, by, Event::PasswordChanged, &person.name, "")
        })?;
        self.changed();
        Ok(())
    }

    /// Whether this is somebody's password. Nobody's takes as long.
    pub(crate) fn knows(&self, name: &str, password: &str) -> Result<Option<Person>, PeopleError> {
        let sql = format!("SELECT {COLUMNS}, password FROM people WHERE name_key = ?1");
        let found: Option<(Person, String)> = self.read(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let read = |row: &Row<'_>| Ok((person(row)?, row.get(4)?));
            statement.query_row([Name::key(name)], read).optional()
        })?;
        let fits = verify(password, found.as_ref().map(|(_, hash)| hash.as_str()));
        Ok(found.filter(|_| fits).map(|(person, _)| person))
    }
}
