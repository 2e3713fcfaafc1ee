//! The gate: each request that is not for a page of accounts is led into the home of whoever sends
//! it, or nowhere.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use domovoi_app::language::Lang;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tower::ServiceExt;

use super::{
    Entrance,
    answer::{self, is_for_a_page},
    cookie,
    credential::Credential,
    origin, watch,
};
use crate::{
    ServeError,
    homes::Home,
    people::{PeopleError, Scope, SignedIn, now},
};

/// Leads a request to where it belongs. A page of an allowed origin can read why it was not.
pub(in crate::web) async fn enter(
    State(entrance): State<Arc<Entrance>>,
    request: Request,
) -> Response {
    let origin = allowed_origin(&entrance, &request).cloned();
    let mut response = lead(&entrance, request).await;
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.entry(header::ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(origin);
        let yes = HeaderValue::from_static("true");
        headers.entry(header::ACCESS_CONTROL_ALLOW_CREDENTIALS).or_insert(yes);
        headers.entry(header::VARY).or_insert(HeaderValue::from_static("origin"));
    }
    response
}

async fn lead(entrance: &Arc<Entrance>, mut request: Request) -> Response {
    if is_preflight(entrance, &request) {
        return serve(entrance.homes.owner(), request).await;
    }
    match entrance.people.has_accounts() {
        Ok(true) => {}
        // Nobody has to sign in where only this machine can ask.
        Ok(false) if entrance.setup_code.is_none() => {
            return serve(entrance.homes.owner(), request).await;
        }
        Ok(false) => return refuse(&request, "/setup"),
        Err(error) => return broken(&error),
    }
    let credential = Credential::of(request.headers(), entrance.is_secure());
    let admitted = credential.as_ref().map(|it| it.admitted(&entrance.people, now())).transpose();
    let admitted = match admitted {
        Ok(Some(Some(admitted))) => admitted,
        Ok(_) => return refuse(&request, &door(request.uri())),
        Err(error) => return broken(&error),
    };
    let headers = request.headers();
    if !admitted.may(request.method(), request.uri().path(), headers) {
        return out_of_scope();
    }
    let acts = origin::changes_something(request.method())
        || headers.contains_key(header::SEC_WEBSOCKET_KEY);
    let public = entrance.public_url.as_ref();
    if acts && !origin::is_allowed(headers, public, &entrance.allowed_origins) {
        return answer::foreign();
    }
    let home = match entrance.homes.of(admitted.person()).await {
        Ok(home) => home,
        Err(error) => return closed(&error),
    };
    let renewed = is_for_a_page(request.method(), request.uri().path(), headers);
    let renewed = credential.as_ref().and_then(Credential::cookie).filter(|_| renewed);
    let renewed = renewed.and_then(|cookie| cookie::set(cookie, entrance.is_secure()));
    note_use(entrance, &admitted.signed_in);
    request.extensions_mut().insert(admitted.signed_in);
    let mut response = serve(&home, request).await;
    // What one person is answered is for nobody else behind the same proxy.
    let private = HeaderValue::from_static("private");
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(private);
    let response = match credential {
        Some(credential) => watch::until_signed_out(entrance, credential, response),
        None => response,
    };
    answer::with_cookie(response, renewed)
}

/// Whether a browser asks what a page of an allowed origin may send: it shows no cookie and no token with
/// that. The agents' routes answer it without looking at any agent.
fn is_preflight(entrance: &Entrance, request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        && allowed_origin(entrance, request).is_some()
}

/// The origin of the page that asks for something of an agent's, where it is an allowed one.
fn allowed_origin<'a>(entrance: &Entrance, request: &'a Request) -> Option<&'a HeaderValue> {
    let origin = request.headers().get(header::ORIGIN)?;
    let is_allowed = entrance.allowed_origins.iter().any(|allowed| origin == allowed.as_str());
    (is_allowed && request.uri().path().starts_with("/agents/")).then_some(origin)
}

async fn serve(home: &Arc<Home>, request: Request<Body>) -> Response {
    // A router has no error of its own.
    home.router().oneshot(request).await.into_response()
}

/// Writes down that a session is in use, beside the request.
fn note_use(entrance: &Arc<Entrance>, signed_in: &SignedIn) {
    let (people, signed_in, now) = (Arc::clone(&entrance.people), signed_in.clone(), now());
    if signed_in.is_due(now) {
        tokio::task::spawn_blocking(move || {
            if let Err(error) = people.seen(&signed_in, now) {
                tracing::warn!(%error, "the use of a session is not written down");
            }
        });
    }
}

/// The page to sign in on, which leads back afterwards.
pub(super) fn door(uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    match path {
        "/" => "/sign-in".to_owned(),
        path => format!("/sign-in?next={}", utf8_percent_encode(path, NON_ALPHANUMERIC)),
    }
}

fn refuse(request: &Request, door: &str) -> Response {
    let headers: &HeaderMap = request.headers();
    answer::not_signed_in(request.method(), request.uri().path(), headers, door)
}

fn out_of_scope() -> Response {
    let words = format!(
        "This token is not good for that: agents want one with `--scope {}`, or `{}` to read.",
        Scope::Agents.name(),
        Scope::Read.name()
    );
    answer::refusal(StatusCode::FORBIDDEN, "token_scope", &words)
}

fn broken(error: &PeopleError) -> Response {
    let (status, words) = answer::status_and_words(error, Lang::En);
    answer::refusal(status, "accounts_unavailable", &words)
}

fn closed(error: &ServeError) -> Response {
    tracing::warn!(%error, "somebody's agents cannot be hosted");
    let words = Lang::En.agents_unavailable();
    answer::refusal(StatusCode::SERVICE_UNAVAILABLE, "agents_unavailable", words)
}
