//! Invitations: links that let somebody make an account, once and for a week.

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    By, Event, Name, Password, People, PeopleError, Person, Role, Token, accounts, audit::note,
};

/// How long an invitation can be used, in milliseconds: a week.
const LIFETIME: i64 = 7 * 24 * 60 * 60 * 1000;

/// An invitation that nobody has used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invitation {
    pub(crate) id: i64,
    pub(crate) role: Role,
    pub(crate) invited_by: String,
    pub(crate) expires_at: i64,
}

/// Ends the invitations of somebody who may not make them any more.
pub(super) fn end_those_of(db: &Connection, name: &str) -> Result<(), PeopleError> {
    let sql = "UPDATE invitations SET expires_at = 0 WHERE invited_by = ?1 AND used_at IS NULL";
    db.execute(sql, [name])?;
    Ok(())
}

const OPEN: &str = "used_at IS NULL AND expires_at > ";

impl People {
    /// Makes an invitation; what it answers goes into a link, and is nowhere else.
    ///
    /// # Errors
    /// [`PeopleError::OwnerExists`] for the role of the owner.
    pub(crate) fn invite(&self, by: &By, role: Role, now: i64) -> Result<Token, PeopleError> {
        if role == Role::Owner {
            return Err(PeopleError::OwnerExists);
        }
        let token = Token::new()?;
        self.write(|db| {
            db.execute(
                "INSERT INTO invitations (hash, role, invited_by, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![Token::hash(token.as_str()), role.name(), by.name, now, now + LIFETIME],
            )?;
            note(db, by, Event::Invited, "", role.name())
        })?;
        Ok(token)
    }

    /// The role an invitation gives.
    ///
    /// # Errors
    /// [`PeopleError::Invitation`] where it is not good.
    pub(crate) fn invitation(&self, token: &str, now: i64) -> Result<Role, PeopleError> {
        let hash = Token::hash(token);
        let role: Option<String> = self.read(|db| {
            db.prepare_cached(&format!(
                "SELECT role FROM invitations WHERE hash = ?1 AND {OPEN} ?2"
            ))?
            .query_row(params![hash, now], |row| row.get(0))
            .optional()
        })?;
        Role::from_name(&role.ok_or(PeopleError::Invitation)?)
    }

    /// Adds whoever has the invitation, and uses it up.
    ///
    /// # Errors
    /// [`PeopleError::Invitation`] where it is not good; then and where the name is taken nothing is
    /// used up.
    pub(crate) fn accept(
        &self,
        by: &By,
        token: &str,
        name: &Name,
        password: &Password,
        now: i64,
    ) -> Result<Person, PeopleError> {
        let role = self.invitation(token, now)?;
        let hash = password.hash()?;
        let added = self.write(|db| {
            let used = db.execute(
                &format!("UPDATE invitations SET used_at = ?2 WHERE hash = ?1 AND {OPEN} ?2"),
                params![Token::hash(token), now],
            )?;
            if used == 0 {
                return Err(PeopleError::Invitation);
            }
            let added = accounts::insert(db, name, role, &hash)?;
            let by = by.clone().named(&added.name);
            note(db, &by, Event::Added, &added.name, &format!("{} by invitation", role.name()))?;
            Ok(added)
        })?;
        self.changed();
        Ok(added)
    }

    /// Invitations that can be used, the newest first.
    pub(crate) fn invitations(&self, now: i64) -> Result<Vec<Invitation>, PeopleError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT id, role, invited_by, expires_at FROM invitations
                 WHERE {OPEN} ?1 ORDER BY id DESC"
            ))?;
            let rows = statement.query_map([now], |row| {
                let role: String = row.get(1)?;
                Ok(Invitation {
                    id: row.get(0)?,
                    role: Role::from_name(&role).unwrap_or(Role::Member),
                    invited_by: row.get(2)?,
                    expires_at: row.get(3)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Takes an invitation back, where `role` is above what it gives.
    pub(crate) fn uninvite(
        &self,
        by: &By,
        role: Role,
        id: i64,
        now: i64,
    ) -> Result<(), PeopleError> {
        let invitation = self.invitations(now)?.into_iter().find(|it| it.id == id);
        let Some(invitation) = invitation else { return Ok(()) };
        if !role.is_above(invitation.role) {
            return Err(PeopleError::NotAllowed);
        }
        self.write(|db| {
            db.execute("UPDATE invitations SET expires_at = ?2 WHERE id = ?1", params![id, now])?;
            note(db, by, Event::InvitationRevoked, "", invitation.role.name())
        })
    }
}
