//! One's own account: sessions and password.

use std::{convert::Infallible, sync::Arc, time::Instant};

use axum::{
    Form,
    extract::{FromRequestParts, Path, Query, State},
    response::Response,
};
use domovoi_app::{
    account::{Overview, SessionRow},
    language::{speaking, t},
};
use http::{StatusCode, request::Parts};
use serde::Deserialize;

use super::{
    Client, Entrance, answer, browser::browser, household::household, tokens::tokens, words,
};
use crate::people::{By, Password, PeopleError, Person, Role, SignedIn, now};

/// Somebody who is signed in and asks for their account.
pub(super) struct Visit {
    pub(super) client: Client,
    signed_in: SignedIn,
}

impl FromRequestParts<Arc<Entrance>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        entrance: &Arc<Entrance>,
    ) -> Result<Self, Self::Rejection> {
        let client: Result<_, Infallible> = Client::from_request_parts(parts, entrance).await;
        let Ok(client) = client;
        match (entrance.people.has_accounts(), entrance.signed_in(&parts.headers)) {
            (Ok(true), Ok(Some(signed_in))) => Ok(Self { client, signed_in }),
            (Ok(false), _) => Err(answer::to("/")),
            (_, Ok(None)) => {
                let (method, path) = (&parts.method, parts.uri.path());
                let door = "/sign-in?next=%2Faccount";
                Err(answer::not_signed_in(method, path, &parts.headers, door))
            }
            (Err(error), _) | (_, Err(error)) => Err(answer::failed(&error, &client.look)),
        }
    }
}

impl Visit {
    pub(super) fn person(&self) -> &Person {
        &self.signed_in.person
    }

    /// The id of their session.
    pub(super) fn session(&self) -> i64 {
        self.signed_in.session
    }

    pub(super) fn by(&self) -> By {
        self.client.by.clone().named(&self.person().name)
    }

    /// Back to the page, or to one that says what did not work.
    pub(super) fn ended(&self, result: Result<(), PeopleError>, done: &str) -> Response {
        match result {
            Ok(()) => answer::to(&format!("/account?done={done}")),
            Err(error) => answer::failed(&error, &self.client.look),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
}

/// What was done, in words.
fn words_of(done: &str) -> Option<String> {
    let words = match done {
        "password" => t().done_password(),
        "linked" => t().done_linked(),
        "proven" => t().done_proven(),
        "unlinked" => t().done_unlinked(),
        "session" => t().done_session(),
        "token" => t().done_token(),
        "role" => t().done_role(),
        "removed" => t().done_removed(),
        "uninvited" => t().done_uninvited(),
        _ => return None,
    };
    Some(words.to_owned())
}

/// `GET /account`.
pub(super) async fn page(
    State(entrance): State<Arc<Entrance>>,
    visit: Visit,
    Query(Asked { done }): Query<Asked>,
) -> Response {
    show(&entrance, &visit, StatusCode::OK, |page| page.done = words_of(&done))
}

pub(super) fn show(
    entrance: &Entrance,
    visit: &Visit,
    status: StatusCode,
    change: impl FnOnce(&mut Overview),
) -> Response {
    let look = &visit.client.look;
    speaking(look.lang, || match overview(entrance, visit) {
        Ok(mut page) => {
            change(&mut page);
            answer::page(status, page.render(look))
        }
        Err(error) => answer::failed(&error, look),
    })
}

fn overview(entrance: &Entrance, visit: &Visit) -> Result<Overview, PeopleError> {
    let (person, now) = (visit.person(), now());
    let sessions =
        entrance.people.sessions(&person.id, now)?.into_iter().map(|session| SessionRow {
            id: session.id,
            browser: browser(&session.user_agent),
            user_agent: session.user_agent,
            began: time(session.created_at),
            seen: time(session.seen_at),
            is_this: session.id == visit.signed_in.session,
        });
    let household = match person.role {
        Role::Member => None,
        Role::Owner | Role::Admin => Some(household(entrance, person, now)?),
    };
    let issuer = entrance.openid.as_ref().map_or("", |openid| &openid.config().issuer);
    let (openid_linked, has_password) = entrance.people.ways_in(&person.id, issuer)?;
    Ok(Overview {
        openid: entrance.openid_label(),
        openid_linked,
        has_password,
        proven: entrance.proofs.has(visit.session(), Instant::now()),
        name: person.name.clone(),
        role: person.role.name(),
        sessions: sessions.collect(),
        tokens: tokens(entrance, person, now)?,
        household,
        ..Overview::default()
    })
}

/// A time in UTC.
pub(super) fn time(milliseconds: i64) -> String {
    match jiff::Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => milliseconds.to_string(),
    }
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    /// Who has none has shown in another way that it is them.
    #[serde(default)]
    present: String,
    new: String,
}

/// `POST /account/password`.
pub(super) async fn password(
    State(entrance): State<Arc<Entrance>>,
    visit: Visit,
    Form(PasswordForm { present, new }): Form<PasswordForm>,
) -> Response {
    let (by, person, session) = (visit.by(), visit.person().clone(), visit.signed_in.session);
    let (address, name) = (visit.client.address, person.name.clone());
    let again =
        |status, problem| show(&entrance, &visit, status, |page| page.problem = Some(problem));
    // A session somebody left open is no way to guess the password.
    if let Err(wait) = entrance.throttle.attempt(address, &name, Instant::now()) {
        let page =
            again(StatusCode::TOO_MANY_REQUESTS, words::of_wait(wait, visit.client.look.lang));
        return answer::with_wait(page, wait);
    }
    let is_proven = entrance.proofs.has(session, Instant::now());
    let changed = entrance.hashing(move |people| {
        if people.has_password(&person.id)? {
            let known = people.knows(&person.name, &present)?;
            if known.is_none_or(|known| known.id != person.id) {
                return Err(PeopleError::WrongPassword);
            }
        } else if !is_proven {
            return Err(PeopleError::NotProven);
        }
        let password = Password::new(&new, &person.name)?;
        people.set_password(&by, &person.id, &password, Some(session))
    });
    let changed = changed.await;
    if !matches!(changed, Err(PeopleError::WrongPassword)) {
        entrance.throttle.succeeded(address, &name);
    }
    match changed {
        Ok(()) => {
            entrance.proofs.take(session, Instant::now());
            answer::to("/account?done=password")
        }
        Err(error) => {
            let (status, problem) = answer::status_and_words(&error, visit.client.look.lang);
            again(status, problem)
        }
    }
}

/// `POST /account/sessions/{id}/revoke`.
pub(super) async fn revoke_session(
    State(entrance): State<Arc<Entrance>>,
    visit: Visit,
    Path(id): Path<i64>,
) -> Response {
    visit.ended(entrance.people.revoke(&visit.by(), visit.person(), id), "session")
}
