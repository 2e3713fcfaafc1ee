//! Those one looks after: people, invitations, what happened.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use domovoi_app::{
    account::{AuditLine, Household, InvitationRow, PersonRow, role_name},
    language::t,
};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::{
    Entrance,
    account::{Visit, show, time},
    answer, words,
};
use crate::{
    languages::say,
    people::{COMMAND_LINE, Entry, Event, PeopleError, Person, PersonId, Role, Token, now},
};

/// Lines of the log that are shown.
const LOG_LINES: u32 = 100;

/// Roles that can be given.
const GIVEN: [Role; 2] = [Role::Member, Role::Admin];

/// Everybody, as somebody sees them who looks after others.
pub(super) fn household(
    entrance: &Entrance,
    looker: &Person,
    now: i64,
) -> Result<Household, PeopleError> {
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
        words: t().invitation_words(
            known(&it.invited_by),
            role_name(it.role.name()),
            time(it.expires_at),
        ),
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
    // An invitation is for nobody yet, and a name that nobody has is not written down.
    let about = [subject, actor].into_iter().find(|name| !name.is_empty());
    let about = about.map_or(t().somebody_unknown(), |name| known(name));
    let mut line = format!("{about}: {}", words::of_event(event, t()));
    if !detail.is_empty() {
        line.push_str(&format!(" ({})", detailed(event, detail)));
    }
    let actor = known(actor);
    if !actor.is_empty() && actor != about {
        line.push_str(&t().by_actor(actor));
    }
    if !address.is_empty() {
        line.push_str(&t().from_address(address));
    }
    line
}

/// Who did it, where that is nobody with a name of their own.
fn known(name: &str) -> &str {
    if name == COMMAND_LINE { t().command_line() } else { name }
}

/// Roles, and why somebody was not let in, in the page's language; what else there is to say is
/// somebody's own words.
fn detailed(event: &str, detail: &str) -> String {
    match detail.split_once(" by ") {
        Some((role, "invitation")) => t().by_invitation(role_name(role)),
        Some((role, "OpenID Connect")) => t().by_openid(role_name(role)),
        _ if event == Event::SignInFailed.name() => say(detail, t()),
        _ => role_name(detail),
    }
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

/// Where an invitation is accepted.
fn link(entrance: &Entrance, headers: &HeaderMap, token: &Token) -> String {
    format!("{}/invite/{}", origin_of(entrance, headers), token.as_str())
}

/// The name the server is known by, or was asked by.
pub(super) fn origin_of(entrance: &Entrance, headers: &HeaderMap) -> String {
    let asked = || {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        format!("http://{}", host.unwrap_or_default())
    };
    let public = entrance.public_url.as_ref();
    public.map_or_else(asked, |public| public.origin().to_owned())
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
