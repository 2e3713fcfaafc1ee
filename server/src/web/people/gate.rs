//! The gate: each request that is not for a page of accounts is led into the home of whoever sends
//! it, or nowhere.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tower::ServiceExt;

use super::{
    Entrance,
    answer::{self, is_for_a_page},
    cookie, origin, watch,
};
use crate::{
    ServeError,
    homes::Home,
    people::{PeopleError, SignedIn, now},
};

/// Leads a request to where it belongs.
pub(in crate::web) async fn enter(
    State(entrance): State<Arc<Entrance>>,
    mut request: Request,
) -> Response {
    match entrance.people.has_accounts() {
        Ok(true) => {}
        // Nobody has to sign in where only this machine can ask.
        Ok(false) if entrance.setup_code.is_none() => {
            return serve(entrance.homes.owner(), request).await;
        }
        Ok(false) => return refuse(&request, "/setup"),
        Err(error) => return broken(&error),
    }
    let signed_in = match entrance.signed_in(request.headers()) {
        Ok(Some(signed_in)) => signed_in,
        Ok(None) => return refuse(&request, &door(&request)),
        Err(error) => return broken(&error),
    };
    let headers = request.headers();
    let acts = origin::changes_something(request.method())
        || headers.contains_key(header::SEC_WEBSOCKET_KEY);
    let public = entrance.public_url.as_ref();
    if acts && !origin::is_allowed(headers, public, &entrance.allowed_origins) {
        return answer::foreign();
    }
    let home = match entrance.homes.of(&signed_in.person).await {
        Ok(home) => home,
        Err(error) => return closed(&error),
    };
    let token = cookie::read(headers, entrance.is_secure()).map(str::to_owned);
    let renewed = is_for_a_page(request.method(), request.uri().path(), headers);
    let renewed = token.as_deref().filter(|_| renewed);
    let renewed = renewed.and_then(|token| cookie::set(token, entrance.is_secure()));
    note_use(&entrance, &signed_in);
    request.extensions_mut().insert(signed_in.clone());
    let mut response = serve(&home, request).await;
    // What one person is answered is for nobody else behind the same proxy.
    let private = HeaderValue::from_static("private");
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(private);
    let response = match token {
        Some(token) => watch::until_signed_out(&entrance, token, response),
        None => response,
    };
    answer::with_cookie(response, renewed)
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
fn door(request: &Request) -> String {
    let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
    match path {
        "/" => "/sign-in".to_owned(),
        path => format!("/sign-in?next={}", utf8_percent_encode(path, NON_ALPHANUMERIC)),
    }
}

fn refuse(request: &Request, door: &str) -> Response {
    let headers: &HeaderMap = request.headers();
    answer::not_signed_in(request.method(), request.uri().path(), headers, door)
}

fn broken(error: &PeopleError) -> Response {
    let (status, words) = answer::status_and_words(error);
    answer::refusal(status, "accounts_unavailable", &words)
}

fn closed(error: &ServeError) -> Response {
    tracing::warn!(%error, "somebody's agents cannot be hosted");
    let words = "Your agents cannot be reached at the moment; the server's log says why.";
    answer::refusal(StatusCode::SERVICE_UNAVAILABLE, "agents_unavailable", words)
}
