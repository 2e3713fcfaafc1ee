//! Signing in and out.

use std::{sync::Arc, time::Instant};

use axum::{
    Form,
    extract::{Query, State},
    response::Response,
};
use domovoi_app::account::SignIn;
use http::StatusCode;
use serde::Deserialize;

use super::{Client, Entrance, answer, cookie, words};
use crate::people::{Person, now};

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    pub(super) next: String,
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
            let openid = entrance.openid_label();
            let page = SignIn { next, openid, ..SignIn::default() };
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
        let (name, next, openid) = (name.clone(), next.clone(), entrance.openid_label());
        let page = SignIn { name, next, openid, problem: Some(problem) };
        answer::page(status, page.render(&client.look))
    };
    if let Err(wait) = entrance.throttle.attempt(client.address, &name, Instant::now()) {
        let page = again(StatusCode::TOO_MANY_REQUESTS, words::of_wait(wait, client.look.lang));
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
            let problem = client.look.lang.name_and_password_differ();
            again(StatusCode::UNAUTHORIZED, problem.to_owned())
        }
        Err(error) => {
            let (status, problem) = answer::status_and_words(&error, client.look.lang);
            again(status, problem)
        }
    }
}

/// Gives somebody who has shown who they are a session, and leads them on.
pub(super) fn welcome(
    entrance: &Entrance,
    client: &Client,
    person: &Person,
    next: &str,
) -> Response {
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

/// A path of this server, or its first page: nobody is led elsewhere by a link to the door.
pub(super) fn own_path(next: &str) -> &str {
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
