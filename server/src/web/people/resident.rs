//! Somebody with a home: whoever is signed in, or whoever uses this machine where nobody has an
//! account.

use std::{convert::Infallible, sync::Arc};

use axum::{extract::FromRequestParts, response::Response};
use domovoi_app::account::{Closed, Look};
use http::{StatusCode, request::Parts};

use super::{Client, Entrance, answer, gate};
use crate::{
    ServeError,
    homes::Home,
    people::{By, Person, Role, Whose},
};

/// Somebody with a home, who asks for a page of plain HTML.
pub(super) struct Resident {
    pub(super) client: Client,
    /// Nobody where nobody has an account.
    pub(super) person: Option<Person>,
    pub(super) home: Arc<Home>,
}

impl Resident {
    pub(super) fn whose(&self) -> Whose {
        self.person.as_ref().map_or_else(Whose::owner, Whose::of)
    }

    /// Whether they look after others.
    pub(super) fn is_above_others(&self) -> bool {
        self.person.as_ref().is_none_or(|person| person.role != Role::Member)
    }

    /// Whether they decide what others may use.
    pub(super) fn is_owner(&self) -> bool {
        self.person.as_ref().is_none_or(|person| person.role == Role::Owner)
    }

    pub(super) fn by(&self) -> By {
        let name = self.person.as_ref().map_or("", |person| &person.name);
        self.client.by.clone().named(name)
    }
}

/// A page that says that somebody's home cannot be opened.
fn closed(error: &ServeError, look: &Look) -> Response {
    tracing::warn!(%error, "somebody's agents cannot be hosted");
    let (title, text) = (look.lang.that_did_not_work(), look.lang.agents_unavailable().to_owned());
    answer::page(StatusCode::SERVICE_UNAVAILABLE, Closed { title, text }.render(look))
}

impl FromRequestParts<Arc<Entrance>> for Resident {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        entrance: &Arc<Entrance>,
    ) -> Result<Self, Self::Rejection> {
        let client: Result<_, Infallible> = Client::from_request_parts(parts, entrance).await;
        let Ok(client) = client;
        let refused = |door: &str| {
            let (method, path) = (&parts.method, parts.uri.path());
            answer::not_signed_in(method, path, &parts.headers, door)
        };
        match (entrance.people.has_accounts(), entrance.signed_in(&parts.headers)) {
            (Ok(true), Ok(Some(signed_in))) => {
                let home = entrance.homes.of(&signed_in.person).await;
                let home = home.map_err(|error| closed(&error, &client.look))?;
                Ok(Self { client, person: Some(signed_in.person), home })
            }
            (Ok(true), Ok(None)) => Err(refused(&gate::door(&parts.uri))),
            (Ok(false), _) if entrance.setup_code.is_none() => {
                let home = Arc::clone(entrance.homes.owner());
                Ok(Self { client, person: None, home })
            }
            (Ok(false), _) => Err(refused("/setup")),
            (Err(error), _) | (_, Err(error)) => Err(answer::failed(&error, &client.look)),
        }
    }
}
