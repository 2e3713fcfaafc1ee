//! Signing in at the identity provider: there, back, and who that is here.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Query, State},
    response::Response,
};
use domovoi_app::account::{Closed, Onward};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::{
    Client, Entrance,
    account::Visit,
    answer, cookie,
    sign_in::{Next, own_path, welcome},
    words,
};
use crate::{
    openid::{Attempt, Claims, OpenId, OpenIdError},
    people::{Identity, Known, Name, PeopleError, Person, PersonId, Role, Token},
};

/// Why there is no way in by this.
enum Failure {
    OpenId(OpenIdError),
    People(PeopleError),
}

impl From<OpenIdError> for Failure {
    fn from(error: OpenIdError) -> Self {
        Self::OpenId(error)
    }
}

impl From<PeopleError> for Failure {
    fn from(error: PeopleError) -> Self {
        Self::People(error)
    }
}

/// `GET /sign-in/openid`: to the provider.
pub(super) async fn begin(
    State(entrance): State<Arc<Entrance>>,
    Query(Next { next }): Query<Next>,
    client: Client,
) -> Response {
    let Some(openid) = &entrance.openid else { return answer::to("/sign-in") };
    match entrance.people.has_accounts() {
        Ok(true) => {}
        // Whoever comes first is not by that the owner.
        Ok(false) => return answer::to("/"),
        Err(error) => return answer::failed(&error, &client.look),
    }
    match away(&entrance, openid, &client, own_path(&next), None).await {
        Ok((address, cookie)) => answer::with_cookie(answer::to(&address), cookie),
        Err(response) => *response,
    }
}

/// `POST /account/openid`: an account is to be linked. It takes a link to go on, as a form of a page
/// leads nowhere but to this server.
pub(super) async fn link(State(entrance): State<Arc<Entrance>>, visit: Visit) -> Response {
    let Some(openid) = &entrance.openid else { return answer::to("/account") };
    let (client, person) = (&visit.client, visit.person().id.clone());
    // Who comes in by the provider alone comes in for as long as the configuration says.
    let refused = match entrance.people.ways_in(&person, &openid.config().issuer) {
        Ok((false, true)) => None,
        Ok(_) => Some(PeopleError::NotAllowed),
        Err(error) => Some(error),
    };
    if let Some(error) = refused {
        return answer::failed(&error, &client.look);
    }
    match away(&entrance, openid, client, "/account?done=linked", Some(person)).await {
        Ok((address, cookie)) => {
            let page = Onward { label: openid.config().label.clone(), address };
            let page = answer::page(StatusCode::OK, page.render(&client.look));
            answer::with_cookie(page, cookie)
        }
        Err(response) => *response,
    }
}

/// `POST /account/openid/unlink`.
pub(super) async fn unlink(State(entrance): State<Arc<Entrance>>, visit: Visit) -> Response {
    let Some(openid) = &entrance.openid else { return answer::to("/account") };
    let issuer = &openid.config().issuer;
    visit.ended(entrance.people.unlink(&visit.by(), visit.person(), issuer), "unlinked")
}

/// The provider's address for somebody who goes there now, and what their browser is to keep.
async fn away(
    entrance: &Entrance,
    openid: &OpenId,
    client: &Client,
    next: &str,
    link: Option<PersonId>,
) -> Result<(String, Option<HeaderValue>), Box<Response>> {
    if let Err(wait) = entrance.throttle.goes_away(client.address, Instant::now()) {
        return Err(Box::new(too_often(client, wait)));
    }
    let began = async {
        let (attempt, kept) = (Attempt::new(next, link)?, Token::new()?);
        let address = openid.address(&attempt, &back(entrance, client)).await?;
        openid.attempts.begin(kept.as_str(), attempt);
        Ok::<_, Failure>((address, cookie::set_away(kept.as_str(), entrance.is_secure())))
    };
    began.await.map_err(|failure| Box::new(failed(entrance, openid, client, failure)))
}

fn too_often(client: &Client, wait: std::time::Duration) -> Response {
    let lang = client.look.lang;
    let page = Closed { title: lang.that_did_not_work(), text: words::of_wait(wait, lang) };
    let page = answer::page(StatusCode::TOO_MANY_REQUESTS, page.render(&client.look));
    answer::with_wait(page, wait)
}

/// Where the provider sends people back to.
fn back(entrance: &Entrance, client: &Client) -> String {
    let host = client.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = match &entrance.public_url {
        Some(public) => public.origin().to_owned(),
        None => format!("http://{}", host.unwrap_or("localhost")),
    };
    format!("{origin}/sign-in/openid/callback")
}

/// What the provider says by the browser.
#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// `GET /sign-in/openid/callback`.
pub(super) async fn callback(
    State(entrance): State<Arc<Entrance>>,
    Query(said): Query<Back>,
    client: Client,
) -> Response {
    let Some(openid) = &entrance.openid else { return answer::to("/sign-in") };
    let response = match arrive(&entrance, openid, said, &client).await {
        Ok((person, next)) => {
            entrance.throttle.came_back(client.address);
            welcome(&entrance, &client, &person, &next)
        }
        Err(failure) => failed(&entrance, openid, &client, failure),
    };
    answer::with_cookie(response, cookie::clear_away(entrance.is_secure()))
}

async fn arrive(
    entrance: &Entrance,
    openid: &OpenId,
    said: Back,
    client: &Client,
) -> Result<(Person, String), Failure> {
    let kept = cookie::read_away(&client.headers, entrance.is_secure());
    let attempt = kept.and_then(|kept| openid.attempts.end(kept, &said.state));
    let attempt = attempt.ok_or(OpenIdError::State)?;
    if let Some(error) = said.error {
        let plain = error.chars().filter(|it| it.is_ascii_graphic()).take(60).collect();
        return Err(OpenIdError::Refused(plain).into());
    }
    let issuer = &openid.config().issuer;
    let is_same = |iss: &str| iss.trim_end_matches('/') == issuer;
    let code = said.code.filter(|_| said.iss.as_deref().is_none_or(is_same));
    let code = code.ok_or(OpenIdError::State)?;
    let claims = openid.claims(&attempt, &code, &back(entrance, client)).await?;
    let person = match &attempt.link {
        Some(id) => linked(entrance, openid, client, &claims, id)?,
        None => admitted(entrance, openid, client, &claims)?,
    };
    Ok((person, attempt.next))
}

fn identity(openid: &OpenId, claims: &Claims) -> Identity {
    Identity { issuer: openid.config().issuer.clone(), subject: claims.sub.clone() }
}

/// Links an account, where its person is the one who is signed in here still.
fn linked(
    entrance: &Entrance,
    openid: &OpenId,
    client: &Client,
    claims: &Claims,
    id: &PersonId,
) -> Result<Person, Failure> {
    let signed_in = entrance.signed_in(&client.headers)?;
    let person = signed_in.map(|it| it.person).filter(|person| person.id == *id);
    let person = person.ok_or(OpenIdError::State)?;
    let by = client.by.clone().named(&person.name);
    Ok(entrance.people.link(&by, &identity(openid, claims), id, true)?)
}

/// Whose account it is; where nobody's, one is made, or not.
fn admitted(
    entrance: &Entrance,
    openid: &OpenId,
    client: &Client,
    claims: &Claims,
) -> Result<Person, Failure> {
    let (people, identity) = (&entrance.people, identity(openid, claims));
    let who = || claims.who().to_owned();
    let (known, role) = (people.identified(&identity)?, openid.role_of(claims));
    match (known, role) {
        (Known::Person { person, linked: true }, _) => Ok(person),
        (Known::Person { mut person, .. }, Some(role)) => {
            let follows = !openid.config().roles.is_empty() && person.role != Role::Owner;
            if follows && person.role != role {
                people.set_role(&client.by.clone().named("OpenID Connect"), &person.id, role)?;
                person.role = role;
            }
            Ok(person)
        }
        (Known::Removed, _) => Err(OpenIdError::Removed(who()).into()),
        (_, None) => Err(OpenIdError::NotAdmitted(who()).into()),
        (Known::Nobody, Some(role)) => {
            let email = claims.verified_email().filter(|_| openid.config().link_by_email);
            match email.map(|email| people.called(email)) {
                // An address is not enough for the owner's account.
                Some(Ok(person)) if person.role == Role::Owner => {
                    return Err(OpenIdError::NoSignUp(who()).into());
                }
                Some(Ok(person)) => {
                    let by = client.by.clone().named(&person.name);
                    return Ok(people.link(&by, &identity, &person.id, false)?);
                }
                Some(Err(PeopleError::Nobody(_))) | None => {}
                Some(Err(error)) => return Err(error.into()),
            }
            if !openid.config().sign_up {
                return Err(OpenIdError::NoSignUp(who()).into());
            }
            let name = claims.names().find_map(|name| Name::new(name.trim()).ok());
            let name = name.ok_or(PeopleError::Name)?;
            Ok(people.add_identified(&client.by, &identity, &name, role)?)
        }
    }
}

/// Says what did not work, to the person, in the log and in the list of what happened.
fn failed(entrance: &Entrance, openid: &OpenId, client: &Client, failure: Failure) -> Response {
    let error = match failure {
        Failure::People(error) => {
            let _ = entrance.people.not_identified(&client.by, &error.to_string());
            return answer::failed(&error, &client.look);
        }
        Failure::OpenId(error) => error,
    };
    // That could be anybody, as often as they like.
    let is_noted = !matches!(error, OpenIdError::State);
    if is_noted && let Err(error) = entrance.people.not_identified(&client.by, &error.to_string()) {
        return answer::failed(&error, &client.look);
    }
    tracing::warn!(%error, "a sign-in at the identity provider failed");
    let (label, lang) = (&openid.config().label, client.look.lang);
    let (status, title, text) = match error {
        OpenIdError::Unreachable(_) | OpenIdError::Answer(..) | OpenIdError::Token(_) => {
            (StatusCode::BAD_GATEWAY, lang.that_did_not_work(), lang.provider_did_not_answer(label))
        }
        OpenIdError::Refused(code) => (
            StatusCode::FORBIDDEN,
            lang.you_are_not_signed_in(),
            lang.provider_did_not_sign_you_in(code, label),
        ),
        OpenIdError::State => (
            StatusCode::BAD_REQUEST,
            lang.please_sign_in_again(),
            lang.this_sign_in_is_over().to_owned(),
        ),
        OpenIdError::NotAdmitted(who) | OpenIdError::Removed(who) => (
            StatusCode::FORBIDDEN,
            lang.you_cannot_come_in(),
            lang.provider_knows_you_as_nobody(label, who),
        ),
        OpenIdError::NoSignUp(who) => (
            StatusCode::FORBIDDEN,
            lang.you_have_no_account(),
            lang.provider_knows_you_without_account(label, who),
        ),
    };
    answer::page(status, Closed { title, text }.render(&client.look))
}
