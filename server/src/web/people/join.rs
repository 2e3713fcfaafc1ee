//! Making an account: the owner's first one, or that of somebody who was invited.

use std::{sync::Arc, time::Instant};

use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use domovoi_app::{
    account::{Closed, NewAccount},
    language::Lang,
};
use http::StatusCode;
use serde::Deserialize;

use super::{Client, Entrance, answer, sign_in::welcome, words};
use crate::people::{Name, Password, PeopleError, Role, Token, now};

/// What a set-up code is guessed at, where names are.
const SETUP: &str = "the set-up code";

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
        let page = again(StatusCode::TOO_MANY_REQUESTS, words::of_wait(wait, client.look.lang));
        return answer::with_wait(page, wait);
    }
    // Hashes are compared, so that the time tells nothing of the code.
    if Token::hash(&given.trim().to_lowercase()) != Token::hash(code) {
        let problem = client.look.lang.not_the_code();
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
            let (status, problem) = answer::status_and_words(&error, client.look.lang);
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
            let (status, problem) = answer::status_and_words(&error, client.look.lang);
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
    let (action, role) = (format!("/invite/{token}"), with_article(role, client.look.lang));
    let page = NewAccount { action, with_code: false, role, name, problem };
    answer::page(status, page.render(&client.look))
}

fn with_article(role: Role, lang: Lang) -> &'static str {
    match role {
        Role::Owner => lang.the_owner(),
        Role::Admin => lang.an_admin(),
        Role::Member => lang.a_member(),
    }
}

fn no_invitation(error: &PeopleError, client: &Client) -> Response {
    let (status, text) = answer::status_and_words(error, client.look.lang);
    let title = client.look.lang.invitation_is_over();
    answer::page(status, Closed { title, text }.render(&client.look))
}
