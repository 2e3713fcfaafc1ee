//! Pages of accounts, redirects and refusals.

use std::time::Duration;

use axum::response::{Html, IntoResponse, Response};
use domovoi_app::{
    account::{Closed, Look},
    language::Lang,
    theme::Theme,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{super::assets::page_assets, words};
use crate::{people::PeopleError, refusal};

/// Nothing but a stylesheet, an icon and forms that go back to this server.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    report-uri /csp-report";

/// How pages look to whoever asks.
pub(super) fn look(headers: &HeaderMap) -> Look {
    let mut cookies = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let theme = cookies.find_map(Theme::from_cookies);
    Look { assets: page_assets(), theme, lang: Lang::of(headers) }
}

/// A page of plain HTML.
pub(super) fn page(status: StatusCode, html: String) -> Response {
    let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")];
    (status, headers, Html(html)).into_response()
}

/// To another page, which is asked for with `GET`.
pub(super) fn to(address: &str) -> Response {
    let Ok(address) = HeaderValue::from_str(address) else { return to("/") };
    let headers = [
        (header::LOCATION, address),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The same answer with a cookie.
pub(super) fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Another page's script, or another page's form, has sent this.
pub(super) fn foreign() -> Response {
    refusal(StatusCode::FORBIDDEN, "foreign_origin", "This was sent by a page of another origin.")
}

/// Nobody is signed in who asks for `path`: a person is led to `door`, a program is told.
pub(super) fn not_signed_in(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    door: &str,
) -> Response {
    if is_for_a_page(method, path, headers) {
        return to(door);
    }
    let message = "Nobody is signed in who asks. Sign in at /sign-in.";
    refusal(StatusCode::UNAUTHORIZED, "not_signed_in", message)
}

/// Whether a browser wants to show what it asks for.
pub(super) fn is_for_a_page(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let is_for_a_program = ["/agents/", "/api/"].iter().any(|prefix| path.starts_with(prefix));
    matches!(*method, Method::GET | Method::HEAD)
        && !is_for_a_program
        && accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Something that cannot be done, for a program.
pub(super) fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    (no_store, refusal::refusal(status, code, message)).into_response()
}

/// The status of something that could not be done, and what a person is told.
pub(super) fn status_and_words(error: &PeopleError, lang: Lang) -> (StatusCode, String) {
    let status = match error {
        PeopleError::Database(_)
        | PeopleError::Migration(_)
        | PeopleError::Folder { .. }
        | PeopleError::Secret(_) => {
            tracing::error!(%error, "accounts cannot be used");
            StatusCode::INTERNAL_SERVER_ERROR
        }
        PeopleError::NotAllowed | PeopleError::NotProven => StatusCode::FORBIDDEN,
        PeopleError::Gone
        | PeopleError::Nobody(_)
        | PeopleError::Invitation
        | PeopleError::NoToken(_) => StatusCode::NOT_FOUND,
        PeopleError::NameTaken(_) => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, words::of_error(error, lang))
}

/// A page that says what could not be done.
pub(super) fn failed(error: &PeopleError, look: &Look) -> Response {
    let (status, text) = status_and_words(error, look.lang);
    page(status, Closed { title: look.lang.that_did_not_work(), text }.render(look))
}

/// The same answer, saying when to come back.
pub(super) fn with_wait(mut response: Response, wait: Duration) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    response
}
