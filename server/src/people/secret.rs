//! Secrets: what cookies and invitations carry, codes and passwords that people type.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::PeopleError;

/// Letters and digits that nobody takes for one another, 32 of them.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// What a cookie or an invitation carries: 256 random bits. Only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

/// What is kept of a [`Token`]. It needs no salt: nobody guesses 256 bits.
pub(crate) type TokenHash = [u8; 32];

impl Token {
    pub(crate) fn new() -> Result<Self, PeopleError> {
        Ok(Self(URL_SAFE_NO_PAD.encode(random::<32>()?)))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(text: &str) -> TokenHash {
        Sha256::digest(text.as_bytes()).into()
    }
}

/// A secret that a person can type, of groups of four characters; each has 20 bits.
pub(crate) fn typeable<const BYTES: usize>() -> Result<String, PeopleError> {
    let bytes = random::<BYTES>()?;
    let groups: Vec<String> = bytes
        .chunks(4)
        .map(|group| {
            group.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
        })
        .collect();
    Ok(groups.join("-"))
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], PeopleError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| PeopleError::Secret(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_can_be_typed() {
        assert!(Token::new().unwrap() != Token::new().unwrap());
        assert_eq!(Token::new().unwrap().as_str().len(), 43);
        let code = typeable::<12>().unwrap();
        assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4]);
        assert_ne!(code, typeable::<12>().unwrap());
    }
}
