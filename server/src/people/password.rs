//! Passwords: what may be one, and Argon2id over it.

use std::sync::LazyLock;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier},
};

use super::{Name, PeopleError, secret::typeable};

/// Shortest password, in characters.
const MIN_CHARACTERS: usize = 10;
/// Longest password, in bytes.
const MAX_BYTES: usize = 1024;

/// A password somebody may have.
pub(crate) struct Password(String);

impl Password {
    /// # Errors
    /// [`PeopleError::PasswordTooShort`] and its kin.
    pub(crate) fn new(text: &str, name: &str) -> Result<Self, PeopleError> {
        if text.chars().count() < MIN_CHARACTERS {
            return Err(PeopleError::PasswordTooShort);
        }
        if text.len() > MAX_BYTES {
            return Err(PeopleError::PasswordTooLong);
        }
        if Name::key(text) == Name::key(name) {
            return Err(PeopleError::PasswordIsName);
        }
        Ok(Self(text.to_owned()))
    }

    /// A new one of 100 bits, which a person can type.
    pub(crate) fn generate() -> Result<String, PeopleError> {
        typeable::<20>()
    }

    /// Takes tens of milliseconds, as it should.
    pub(crate) fn hash(&self) -> Result<String, PeopleError> {
        hash(&self.0)
    }
}

fn hash(text: &str) -> Result<String, PeopleError> {
    let hash = Argon2::default().hash_password(text.as_bytes());
    Ok(hash.map_err(|error| PeopleError::Secret(error.to_string()))?.to_string())
}

/// Whether `text` is the password of this hash. Without one the answer is no, after the same time:
/// nobody learns from it which names there are.
pub(crate) fn verify(text: &str, hash_of: Option<&str>) -> bool {
    static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody's password").ok());
    let Some(hash) = hash_of.or(NOBODY.as_deref()) else { return false };
    // A longer one was never accepted; hashing megabytes is work for an attacker's sake.
    let text = if text.len() > MAX_BYTES { "" } else { text };
    let fits = Argon2::default().verify_password(text.as_bytes(), hash).is_ok();
    fits && hash_of.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_fits_its_hash() {
        let hash = Password::new("a long password", "anna").unwrap().hash().unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify("a long password", Some(&hash)));
        assert!(!verify("a long passwore", Some(&hash)));
        assert!(!verify("nobody's password", None));
        assert!(!verify("x", Some("no hash at all")));
        assert!(!verify(&"x".repeat(2000), Some(&hash)));
    }

    #[test]
    fn short_long_and_obvious_ones_are_refused() {
        assert!(Password::new("123456789", "anna").is_err());
        assert!(Password::new(&"x".repeat(1025), "anna").is_err());
        assert!(Password::new("Anna Karenina", "anna karenina").is_err());
        let generated = Password::generate().unwrap();
        assert!(Password::new(&generated, "anna").is_ok());
    }
}
