//! What did not work on the way to the provider and back, in words.

use std::time::Duration;

use axum::response::Response;
use domovoi_app::account::Closed;
use http::StatusCode;

use super::super::{Client, Entrance, answer, words};
use crate::{
    openid::{OpenId, OpenIdError},
    people::PeopleError,
};

/// Why there is no way in by this.
pub(super) enum Failure {
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

/// Says what did not work, to the person, in the log and in the list of what happened.
pub(super) fn failed(
    entrance: &Entrance,
    openid: &OpenId,
    client: &Client,
    failure: Failure,
) -> Response {
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
        OpenIdError::Another(who) => (
            StatusCode::FORBIDDEN,
            lang.that_did_not_work(),
            lang.provider_knows_you_as_another(label, who),
        ),
        OpenIdError::NotFresh(_) => {
            (StatusCode::FORBIDDEN, lang.that_did_not_work(), lang.provider_did_not_ask(label))
        }
        OpenIdError::NoSignUp(who) => (
            StatusCode::FORBIDDEN,
            lang.you_have_no_account(),
            lang.provider_knows_you_without_account(label, who),
        ),
    };
    answer::page(status, Closed { title, text }.render(&client.look))
}

/// Who goes away too often is told when they may again.
pub(super) fn too_often(client: &Client, wait: Duration) -> Response {
    let lang = client.look.lang;
    let page = Closed { title: lang.that_did_not_work(), text: words::of_wait(wait, lang) };
    let page = answer::page(StatusCode::TOO_MANY_REQUESTS, page.render(&client.look));
    answer::with_wait(page, wait)
}
