//! Who has gone to the identity provider and may come back: once, within minutes, with the browser
//! they went with.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::people::{PeopleError, PersonId, Token};

/// How long somebody may take to sign in at the provider.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Those who are away at a time; with more, whoever went first has to begin again.
const MANY: usize = 10_000;

/// What somebody has gone to the provider for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To sign in.
    SignIn,
    /// To have an account linked with whoever signs in there.
    Link {
        /// Whose account.
        person: PersonId,
        /// Whether the provider is to ask who it is, also where it knows somebody.
        another: bool,
    },
    /// To show that they are who their session says.
    Prove(PersonId),
}

/// Somebody who has gone to the provider.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) state: String,
    pub(crate) nonce: String,
    /// What the code's challenge was made of.
    pub(crate) verifier: String,
    /// Where they want to go afterwards, on this server.
    pub(crate) next: String,
    pub(crate) purpose: Purpose,
    /// When they went, in seconds since 1970.
    pub(crate) at: u64,
    began: Instant,
}

impl Attempt {
    pub(crate) fn new(next: &str, purpose: Purpose) -> Result<Self, PeopleError> {
        let secret = || Token::new().map(|token| token.as_str().to_owned());
        Ok(Self {
            state: secret()?,
            nonce: secret()?,
            verifier: secret()?,
            next: next.to_owned(),
            purpose,
            at: jsonwebtoken::get_current_timestamp(),
            began: Instant::now(),
        })
    }

    /// Whether the provider is to ask who it is, also where it knows somebody.
    pub(crate) fn asks_anew(&self) -> bool {
        match &self.purpose {
            Purpose::SignIn => false,
            Purpose::Link { another, .. } => *another,
            Purpose::Prove(_) => true,
        }
    }
}

/// All who are away, by what their browser's cookie carries.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<String, Attempt>>);

impl Attempts {
    pub(crate) fn begin(&self, cookie: &str, attempt: Attempt) {
        let mut away = self.0.lock();
        if away.len() >= MANY {
            away.retain(|_, attempt| attempt.began.elapsed() < PATIENCE);
        }
        if away.len() >= MANY {
            let first = away.iter().min_by_key(|(_, attempt)| attempt.began);
            if let Some(first) = first.map(|(cookie, _)| cookie.clone()) {
                away.remove(&first);
            }
        }
        away.insert(cookie.to_owned(), attempt);
    }

    /// Whoever comes back with this cookie and this state. There is no second time.
    pub(crate) fn end(&self, cookie: &str, state: &str) -> Option<Attempt> {
        let attempt = self.0.lock().remove(cookie)?;
        let is_good = Token::hash(&attempt.state) == Token::hash(state);
        (is_good && attempt.began.elapsed() < PATIENCE).then_some(attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_comes_back_twice_or_with_anothers_state() {
        let attempts = Attempts::default();
        let attempt = Attempt::new("/c/1", Purpose::SignIn).unwrap();
        attempts.begin("cookie", attempt.clone());
        assert!(attempts.end("another", &attempt.state).is_none());
        assert_eq!(attempts.end("cookie", &attempt.state).unwrap().next, "/c/1");
        assert!(attempts.end("cookie", &attempt.state).is_none());
        attempts.begin("cookie", attempt.clone());
        assert!(attempts.end("cookie", "wrong").is_none());
        assert!(attempts.end("cookie", &attempt.state).is_none(), "there is one try");
        let late = Attempt { began: Instant::now().checked_sub(PATIENCE).unwrap(), ..attempt };
        attempts.begin("cookie", late.clone());
        assert!(attempts.end("cookie", &late.state).is_none());
    }
}
