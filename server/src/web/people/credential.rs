//! What a request shows to say whose it is: the cookie of a session, or an API token.

use http::{HeaderMap, Method, header};

use super::cookie;
use crate::people::{People, PeopleError, Person, Scope, SignedIn};

/// The token a program shows.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// What a request shows. A program that shows a token means that one, whatever cookies it has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Credential {
    Cookie(String),
    Token(String),
}

/// Whose request it is, and what it may be about.
#[derive(Debug, Clone)]
pub(super) struct Admitted {
    pub(super) signed_in: SignedIn,
    /// What the token is good for; nothing where it is a session, which is good for all.
    scopes: Option<Vec<Scope>>,
}

impl Credential {
    pub(super) fn of(headers: &HeaderMap, secure: bool) -> Option<Self> {
        let token = bearer(headers).map(|token| Self::Token(token.to_owned()));
        token.or_else(|| cookie::read(headers, secure).map(|it| Self::Cookie(it.to_owned())))
    }

    /// The cookie, where it is one.
    pub(super) fn cookie(&self) -> Option<&str> {
        match self {
            Self::Cookie(cookie) => Some(cookie),
            Self::Token(_) => None,
        }
    }

    /// Whose it is, where it is good now.
    pub(super) fn admitted(
        &self,
        people: &People,
        now: i64,
    ) -> Result<Option<Admitted>, PeopleError> {
        Ok(match self {
            Self::Cookie(cookie) => {
                people.signed_in(cookie, now)?.map(|signed_in| Admitted { signed_in, scopes: None })
            }
            Self::Token(token) => people.admitted(token, now)?.map(|(person, token)| Admitted {
                signed_in: SignedIn::by_token(person),
                scopes: Some(token.scopes),
            }),
        })
    }
}

impl Admitted {
    pub(super) fn person(&self) -> &Person {
        &self.signed_in.person
    }

    /// Whether it is good for a request: a token is for agents alone, and one that reads changes
    /// nothing. What goes over a WebSocket is not looked at, so that is not for reading.
    pub(super) fn may(&self, method: &Method, path: &str, headers: &HeaderMap) -> bool {
        let Some(scopes) = &self.scopes else { return true };
        let reads = matches!(*method, Method::GET | Method::HEAD)
            && !headers.contains_key(header::SEC_WEBSOCKET_KEY);
        path.starts_with("/agents/")
            && (scopes.contains(&Scope::Agents) || (reads && scopes.contains(&Scope::Read)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn a_token_goes_before_a_cookie() {
        let both = headers(&[(header::COOKIE, "domovoi=c"), (header::AUTHORIZATION, "bearer  t")]);
        assert_eq!(Credential::of(&both, false), Some(Credential::Token("t".to_owned())));
        let other = headers(&[(header::COOKIE, "domovoi=c"), (header::AUTHORIZATION, "Basic x")]);
        assert_eq!(Credential::of(&other, false), Some(Credential::Cookie("c".to_owned())));
        assert_eq!(Credential::of(&HeaderMap::new(), false), None);
    }
}
