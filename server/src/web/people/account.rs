//! One's own account, and those one looks after.

use std::{convert::Infallible, sync::Arc, time::Instant};

use axum::{
    Form,
    extract::{FromRequestParts, Path, Query, State},
    response::Response,
};
use domovoi_app::account::{AuditLine, Household, InvitationRow, Overview, PersonRow, SessionRow};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde::Deserialize;

use super::{Client, Entrance, answer};
use crate::people::{
    By, Entry, Password, PeopleError, Person, PersonId, Role, SignedIn, Token, now,
};

/// Lines of the log that are shown.
const LOG_LINES: u32 = 100;

/// Roles that can be given.
const GIVEN: [Role; 2] = [Role::Member, Role::Admin];

/// Somebody who is signed in and asks for their account.
pub(super) struct Visit {
    client: Client,
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
    fn person(&self) -> &Person {
        &self.signed_in.person
    }

    fn by(&self) -> By {
        self.client.by.clone().named(&self.person().name)
    }

    /// Back to the page, or to one that says what did not work.
    fn ended(&self, result: Result<(), PeopleError>, done: &str) -> Response {
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
        "password" => "Your password is changed, and your other sessions have ended.",
        "session" => "The session has ended.",
        "role" => "The role is changed.",
        "removed" => "They can sign in no more.",
        "uninvited" => "The invitation is taken back.",
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

fn show(
    entrance: &Entrance,
    visit: &Visit,
    status: StatusCode,
    change: impl FnOnce(&mut Overview),
) -> Response {
    match overview(entrance, visit) {
        Ok(mut page) => {
            change(&mut page);
            answer::page(status, page.render(&visit.client.look))
        }
        Err(error) => answer::failed(&error, &visit.client.look),
    }
}

fn overview(entrance: &Entrance, visit: &Visit) -> Result<Overview, PeopleError> {
    let (person, now) = (visit.person(), now());
    let sessions =
        entrance.people.sessions(&person.id, now)?.into_iter().map(|session| SessionRow {
            id: session.id,
            browser: session.user_agent,
            began: time(session.created_at),
            seen: time(session.seen_at),
            is_this: session.id == visit.signed_in.session,
        });
    let household = match person.role {
        Role::Member => None,
        Role::Owner | Role::Admin => Some(household(entrance, person, now)?),
    };
    Ok(Overview {
        name: person.name.clone(),
        role: person.role.name(),
        sessions: sessions.collect(),
        household,
        ..Overview::default()
    })
}

fn household(entrance: &Entrance, looker: &Person, now: i64) -> Result<Household, PeopleError> {
    let given = |above: Role| GIVEN.iter().filter(move |role| above.is_above(**role));
    let roles: Vec<&'static str> = given(looker.role).map(|role| role.name()).collect();
    let people = entrance.people.everybody()?.into_iter().map(|person| {
        let removable = looker.role.is_above(person.role);
        // One role is no choice.
        let choice = removable && roles.len() > 1;
        PersonRow {
            id: person.id.as_str().to_owned(),
            role: person.role.name(),
            roles: if choice { roles.clone() } else { Vec::new() },
            removable,
            name: person.name,
        }
    });
    let invitations = entrance.people.invitations(now)?.into_iter().map(|it| InvitationRow {
        id: it.id,
        words: format!("{}, from {}, until {}", it.role.name(), it.invited_by, time(it.expires_at)),
        revocable: looker.role.is_above(it.role),
    });
    let log = entrance.people.audit(LOG_LINES)?;
    Ok(Household {
        people: people.collect(),
        invitations: invitations.collect(),
        link: None,
        log: log.iter().map(|entry| AuditLine { at: time(entry.at), words: line(entry) }).collect(),
        roles,
    })
}

fn line(entry: &Entry) -> String {
    let Entry { event, actor, subject, detail, address, .. } = entry;
    let about = if subject.is_empty() { "somebody" } else { subject };
    let mut line = format!("{about}: {event}");
    if !detail.is_empty() {
        line.push_str(&format!(" ({detail})"));
    }
    if !actor.is_empty() && actor != subject {
        line.push_str(&format!(", by {actor}"));
    }
    if !address.is_empty() {
        line.push_str(&format!(", from {address}"));
    }
    line
}

/// A time in UTC.
fn time(milliseconds: i64) -> String {
    match jiff::Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => milliseconds.to_string(),
    }
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
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
        let page = again(StatusCode::TOO_MANY_REQUESTS, answer::wait_words(wait));
        return answer::with_wait(page, wait);
    }
    let changed = entrance.hashing(move |people| {
        let known = people.knows(&person.name, &present)?;
        if known.is_none_or(|known| known.id != person.id) {
            return Err(PeopleError::WrongPassword);
        }
        let password = Password::new(&new, &person.name)?;
        people.set_password(&by, &person.id, &password, Some(session))
    });
    let changed = changed.await;
    if !matches!(changed, Err(PeopleError::WrongPassword)) {
        entrance.throttle.succeeded(address, &name);
    }
    match changed {
        Ok(()) => answer::to("/account?done=password"),
        Err(error) => {
            let (status, problem) = answer::status_and_words(&error);
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

#[derive(Deserialize)]
pub(super) struct RoleForm {
    role: String,
}

/// `POST /account/people/{id}/role`.
pub(super) async fn set_role(
    State(entrance): State<Arc<Entrance>>,
    visit: Visit,
    Path(id): Path<String>,
    Form(RoleForm { role }): Form<RoleForm>,
) -> Response {
    let set = || {
        let (other, role) = (of_whom(&entrance, &visit, &id)?, Role::from_name(&role)?);
        if !visit.person().role.is_above(role) {
            return Err(PeopleError::NotAllowed);
        }
        entrance.people.set_role(&visit.by(), &other.id, role)
    };
    visit.ended(set(), "role")
}

/// `POST /account/people/{id}/remove`.
pub(super) async fn remove(
    State(entrance): State<Arc<Entrance>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let remove = || {
        let other = of_whom(&entrance, &visit, &id)?;
        entrance.people.remove(&visit.by(), &other.id).map(|_| ())
    };
    visit.ended(remove(), "removed")
}

/// The person with this id, where the visitor looks after them.
fn of_whom(entrance: &Entrance, visit: &Visit, id: &str) -> Result<Person, PeopleError> {
    // What somebody may not do is refused in the same words whether the other exists or not.
    let may = |other: &Person| visit.person().role.is_above(other.role);
    let other = entrance.people.with_id(&PersonId::from_form(id))?;
    match other {
        Some(other) if may(&other) => Ok(other),
        None if visit.person().role != Role::Member => Err(PeopleError::Gone),
        _ => Err(PeopleError::NotAllowed),
    }
}

/// `POST /account/invitations`.
pub(super) async fn invite(
    State(entrance): State<Arc<Entrance>>,
    visit: Visit,
    Form(RoleForm { role }): Form<RoleForm>,
) -> Response {
    let invited =
        Role::from_name(&role).and_then(|role| match visit.person().role.is_above(role) {
            true => entrance.people.invite(&visit.by(), role, now()),
            false => Err(PeopleError::NotAllowed),
        });
    match invited {
        Ok(token) => {
            let link = link(&entrance, &visit.client.headers, &token);
            show(&entrance, &visit, StatusCode::CREATED, |page| {
                if let Some(household) = &mut page.household {
                    household.link = Some(link);
                }
            })
        }
        Err(error) => answer::failed(&error, &visit.client.look),
    }
}

/// Where an invitation is accepted, under the name the server is known by or was asked by.
fn link(entrance: &Entrance, headers: &HeaderMap, token: &Token) -> String {
    let asked = || {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        format!("http://{}", host.unwrap_or_default())
    };
    let public = entrance.public_url.as_ref();
    let origin = public.map_or_else(asked, |public| public.origin().to_owned());
    format!("{origin}/invite/{}", token.as_str())
}

/// `POST /account/invitations/{id}/revoke`.
pub(super) async fn uninvite(
    State(entrance): State<Arc<Entrance>>,
    visit: Visit,
    Path(id): Path<i64>,
) -> Response {
    let role = visit.person().role;
    visit.ended(entrance.people.uninvite(&visit.by(), role, id, now()), "uninvited")
}
