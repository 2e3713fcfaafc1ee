//! Signing in and out, the first account, invitations.

use std::{sync::Arc, time::Instant};

use axum::{
    Form,
    extract::{Path, Query, State},
    response::Response,
};
use domovoi_app::account::{Closed, NewAccount, SignIn};
use http::StatusCode;
use serde::Deserialize;

use super::{Client, Entrance, answer, cookie};
use crate::people::{Name, Password, PeopleError, Person, Role, Token, now};

/// What a set-up code is guessed at, where names are.
const SETUP: &str = "the set-up code";

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`.
pub(super) async fn sign_in_page(
    State(entrance): State<Arc<Entrance>>,
    Query(Next { next }): Query<Next>,
    client: Client,
) -> Response {
    match (entrance.people.has_accounts(), entrance.signed_in(&client.headers)) {
        (Ok(false), _) => answer::to("/"),
        (_, Ok(Some(_))) => answer::to(own_path(&next)),
        (Err(error), _) | (_, Err(error)) => answer::failed(&error, &client.look),
        (Ok(true), Ok(None)) => {
            let page = SignIn { next, ..SignIn::default() };
            answer::page(StatusCode::OK, page.render(&client.look))
        }
    }
}

#[derive(Deserialize)]
pub(super) struct SignInForm {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`.
pub(super) async fn sign_in(
    State(entrance): State<Arc<Entrance>>,
    client: Client,
    Form(form): Form<SignInForm>,
) -> Response {
    let SignInForm { name, password, next } = form;
    let name = name.trim().to_owned();
    let again = |status: StatusCode, problem: String| {
        let page = SignIn { name: name.clone(), next: next.clone(), problem: Some(problem) };
        answer::page(status, page.render(&client.look))
    };
    if let Err(wait) = entrance.throttle.attempt(client.address, &name, Instant::now()) {
        let page = again(StatusCode::TOO_MANY_REQUESTS, answer::wait_words(wait));
        return answer::with_wait(page, wait);
    }
    let (by, claimed) = (client.by.clone(), name.clone());
    let known = entrance.hashing(move |people| {
        let known = people.knows(&claimed, &password)?;
        if known.is_none() {
            people.sign_in_failed(&by, &claimed)?;
        }
        Ok(known)
    });
    match known.await {
        Ok(Some(person)) => {
            entrance.throttle.succeeded(client.address, &name);
            welcome(&entrance, &client, &person, own_path(&next))
        }
        Ok(None) => {
            let problem = "That name and that password do not belong together.";
            again(StatusCode::UNAUTHORIZED, problem.to_owned())
        }
        Err(error) => {
            let (status, problem) = answer::status_and_words(&error);
            again(status, problem)
        }
    }
}

/// Gives somebody who has shown who they are a session, and leads them on.
fn welcome(entrance: &Entrance, client: &Client, person: &Person, next: &str) -> Response {
    let before = cookie::read(&client.headers, entrance.is_secure());
    let by = client.by.clone().named(&person.name);
    match entrance.people.sign_in(&by, &person.id, &client.user_agent, before, now()) {
        Ok(token) => {
            let cookie = cookie::set(token.as_str(), entrance.is_secure());
            answer::with_cookie(answer::to(next), cookie)
        }
        Err(error) => answer::failed(&error, &client.look),
    }
}

/// `POST /sign-out`.
pub(super) async fn sign_out(State(entrance): State<Arc<Entrance>>, client: Client) -> Response {
    let ended = entrance.signed_in(&client.headers).and_then(|signed_in| match signed_in {
        Some(signed_in) => {
            let by = client.by.clone().named(&signed_in.person.name);
            entrance.people.sign_out(&by, &signed_in)
        }
        None => Ok(()),
    });
    match ended {
        Ok(()) => answer::with_cookie(answer::to("/sign-in"), cookie::clear(entrance.is_secure())),
        Err(error) => answer::failed(&error, &client.look),
    }
}

/// `GET /setup`.
pub(super) async fn setup_page(State(entrance): State<Arc<Entrance>>, client: Client) -> Response {
    match setup_code(&entrance) {
        Ok(Some(_)) => {
            let page =
                NewAccount { action: "/setup".to_owned(), with_code: true, ..Default::default() };
            answer::page(StatusCode::OK, page.render(&client.look))
        }
        Ok(None) => answer::to("/"),
        Err(error) => answer::failed(&error, &client.look),
    }
}

/// The code, for as long as nobody has an account.
fn setup_code(entrance: &Entrance) -> Result<Option<&str>, PeopleError> {
    Ok(if entrance.people.has_accounts()? { None } else { entrance.setup_code.as_deref() })
}

#[derive(Deserialize)]
pub(super) struct NewAccountForm {
    #[serde(default)]
    code: String,
    name: String,
    password: String,
}

/// `POST /setup`.
pub(super) async fn setup(
    State(entrance): State<Arc<Entrance>>,
    client: Client,
    Form(form): Form<NewAccountForm>,
) -> Response {
    let code = match setup_code(&entrance) {
        Ok(Some(code)) => code,
        Ok(None) => return answer::to("/"),
        Err(error) => return answer::failed(&error, &client.look),
    };
    let NewAccountForm { code: given, name, password } = form;
    let name = name.trim().to_owned();
    let again = |status: StatusCode, problem: String| {
        let (name, problem) = (name.clone(), Some(problem));
        let action = "/setup".to_owned();
        let page = NewAccount { action, with_code: true, name, problem, ..Default::default() };
        answer::page(status, page.render(&client.look))
    };
    if let Err(wait) = entrance.throttle.attempt(client.address, SETUP, Instant::now()) {
        let page = again(StatusCode::TOO_MANY_REQUESTS, answer::wait_words(wait));
        return answer::with_wait(page, wait);
    }
    // Hashes are compared, so that the time tells nothing of the code.
    if Token::hash(&given.trim().to_lowercase()) != Token::hash(code) {
        let problem = "That is not the code. It is in the terminal that Domovoi was started in.";
        return again(StatusCode::UNAUTHORIZED, problem.to_owned());
    }
    entrance.throttle.succeeded(client.address, SETUP);
    let (by, owner) = (client.by.clone().named(&name), name.clone());
    let added = entrance.hashing(move |people| {
        let name = Name::new(&owner)?;
        people.add(&by, &name, Role::Owner, &Password::new(&password, name.as_str())?)
    });
    match added.await {
        Ok(person) => welcome(&entrance, &client, &person, "/"),
        Err(error) => {
            let (status, problem) = answer::status_and_words(&error);
            again(status, problem)
        }
    }
}

/// `GET /invite/{token}`.
pub(super) async fn invitation_page(
    State(entrance): State<Arc<Entrance>>,
    Path(token): Path<String>,
    client: Client,
) -> Response {
    match entrance.people.invitation(&token, now()) {
        Ok(role) => invited(StatusCode::OK, &client, &token, role, String::new(), None),
        Err(error) => no_invitation(&error, &client),
    }
}

/// `POST /invite/{token}`.
pub(super) async fn accept(
    State(entrance): State<Arc<Entrance>>,
    Path(token): Path<String>,
    client: Client,
    Form(form): Form<NewAccountForm>,
) -> Response {
    let role = match entrance.people.invitation(&token, now()) {
        Ok(role) => role,
        Err(error) => return no_invitation(&error, &client),
    };
    let NewAccountForm { name, password, .. } = form;
    let name = name.trim().to_owned();
    let (by, invitation, wanted) = (client.by.clone(), token.clone(), name.clone());
    let added = entrance.hashing(move |people| {
        let name = Name::new(&wanted)?;
        let password = Password::new(&password, name.as_str())?;
        people.accept(&by, &invitation, &name, &password, now())
    });
    match added.await {
        Ok(person) => welcome(&entrance, &client, &person, "/"),
        Err(error @ PeopleError::Invitation) => no_invitation(&error, &client),
        Err(error) => {
            let (status, problem) = answer::status_and_words(&error);
            invited(status, &client, &token, role, name, Some(problem))
        }
    }
}

fn invited(
    status: StatusCode,
    client: &Client,
    token: &str,
    role: Role,
    name: String,
    problem: Option<String>,
) -> Response {
    let (action, role) = (format!("/invite/{token}"), with_article(role));
    let page = NewAccount { action, with_code: false, role, name, problem };
    answer::page(status, page.render(&client.look))
}

fn with_article(role: Role) -> &'static str {
    match role {
        Role::Owner => "the owner",
        Role::Admin => "an admin",
        Role::Member => "a member",
    }
}

fn no_invitation(error: &PeopleError, client: &Client) -> Response {
    let (status, text) = answer::status_and_words(error);
    answer::page(status, Closed { title: "This invitation is over", text }.render(&client.look))
}

/// A path of this server, or its first page: nobody is led elsewhere by a link to the door.
fn own_path(next: &str) -> &str {
    let is_path = next.starts_with('/') && !next[1..].starts_with(['/', '\\']);
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_path && is_plain { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_led_elsewhere() {
        assert_eq!(own_path("/c/1?a=b"), "/c/1?a=b");
        for foreign in ["", "//evil", "/\\evil", "https://evil", "/a\r\nb", "/\u{9}/evil", "evil"] {
            assert_eq!(own_path(foreign), "/", "{foreign:?}");
        }
    }
}
