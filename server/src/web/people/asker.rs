//! Whoever asks for something within a home, as the gate has let them in.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::address;
use crate::people::{By, Role, SignedIn};

/// Whoever asks for something within a home.
pub(in crate::web) struct Asker {
    pub(in crate::web) by: By,
    /// Whether it is the owner, or somebody at this machine where nobody has an account.
    pub(in crate::web) is_owner: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let person = parts.extensions.get::<SignedIn>().map(|signed_in| &signed_in.person);
        Ok(Self {
            by: By::at(address::of(parts)).named(person.map_or("", |person| &person.name)),
            is_owner: person.is_none_or(|person| person.role == Role::Owner),
        })
    }
}
