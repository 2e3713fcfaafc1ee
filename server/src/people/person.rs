//! Who somebody is, and what they may do.

use super::PeopleError;

/// Longest name, in characters.
const MAX_NAME: usize = 64;

/// A person's id: never used again, not even for somebody of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PersonId(String);

impl PersonId {
    pub(super) fn new() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }

    /// As it was read from the database.
    pub(super) fn from_database(id: String) -> Self {
        Self(id)
    }

    /// As it came in a form; it need not exist.
    pub(crate) fn from_form(id: &str) -> Self {
        Self(id.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Uses their own.
    Member,
    /// Invites and removes members.
    Admin,
    /// Has the data the server began with. There is one.
    Owner,
}

impl Role {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Owner, "owner"), (Self::Admin, "admin"), (Self::Member, "member")];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// # Errors
    /// [`PeopleError::Role`].
    pub(crate) fn from_name(name: &str) -> Result<Self, PeopleError> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(role, _)| *role).ok_or_else(|| PeopleError::Role(name.to_owned()))
    }

    /// Whether somebody of this role decides over those of the other.
    pub(crate) fn is_above(self, other: Self) -> bool {
        self != Self::Member && self > other
    }
}

/// Somebody who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: PersonId,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) created_at: i64,
}

/// A name somebody can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// # Errors
    /// [`PeopleError::Name`].
    pub(crate) fn new(name: &str) -> Result<Self, PeopleError> {
        let length = name.chars().count();
        let fits = (1..=MAX_NAME).contains(&length);
        if !fits || name.trim() != name || name.chars().any(char::is_control) {
            return Err(PeopleError::Name);
        }
        Ok(Self(name.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names have in common that are the same.
    pub(crate) fn key(name: &str) -> String {
        name.to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_for_people() {
        for name in ["anna", "Anna B.", "Åsa", "anna@example.com"] {
            assert!(Name::new(name).is_ok(), "{name}");
        }
        for name in ["", " anna", "anna ", "an\nna", "\u{1b}[31m", &"a".repeat(65)] {
            assert!(Name::new(name).is_err(), "{name:?}");
        }
        assert_eq!(Name::key("ÅSA"), Name::key("åsa"));
    }

    #[test]
    fn nobody_decides_over_their_own_kind() {
        assert!(Role::Owner.is_above(Role::Admin) && Role::Owner.is_above(Role::Member));
        assert!(Role::Admin.is_above(Role::Member) && !Role::Admin.is_above(Role::Admin));
        assert!(!Role::Admin.is_above(Role::Owner) && !Role::Member.is_above(Role::Member));
        for (role, name) in Role::ALL {
            assert_eq!((role.name(), Role::from_name(name).unwrap()), (name, role));
        }
    }
}
