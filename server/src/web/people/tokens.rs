//! One's own API tokens: made, listed and ended on the page of the account.

use std::sync::Arc;

use axum::{Form, extract::State, response::Response};
use domovoi_app::{
    account::{TokenRow, Tokens},
    language::t,
};
use http::StatusCode;
use serde::Deserialize;

use super::{
    Entrance,
    account::{Visit, show, time},
    answer,
};
use crate::people::{PeopleError, Person, Scope, now};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Longest time a token can be made for, in days.
const MOST_DAYS: i64 = 3650;

/// Somebody's tokens, in words.
pub(super) fn tokens(
    entrance: &Entrance,
    person: &Person,
    now: i64,
) -> Result<Tokens, PeopleError> {
    let rows = entrance.people.tokens_of(person)?.into_iter().map(|token| {
        let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.name()).collect();
        let or_never = |at: Option<i64>| at.map_or_else(|| t().never().to_owned(), time);
        let (made, ends) = (time(token.created_at), or_never(token.expires_at));
        let mut words = t().token_words(ends, made, scopes.join(", "), or_never(token.used_at));
        if token.expires_at.is_some_and(|at| at <= now) {
            words.push_str(t().is_over());
        }
        TokenRow { name: token.name, words }
    });
    Ok(Tokens { rows: rows.collect(), made: None })
}

#[derive(Deserialize)]
pub(super) struct NewToken {
    token: String,
    models: Option<String>,
    agents: Option<String>,
    read: Option<String>,
    /// How many; empty where it is good until it is ended.
    #[serde(default)]
    days: String,
}

impl NewToken {
    fn scopes(&self) -> Vec<Scope> {
        let Self { models, agents, read, .. } = self;
        let all = [(models, Scope::Models), (agents, Scope::Agents), (read, Scope::Read)];
        all.into_iter().filter(|(chosen, _)| chosen.is_some()).map(|(_, scope)| scope).collect()
    }

    fn expires_at(&self, now: i64) -> Result<Option<i64>, PeopleError> {
        let days = match self.days.trim() {
            "" => return Ok(None),
            days => days.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days)),
        };
        days.map(|days| Some(now + days * DAY)).ok_or(PeopleError::TokenDays)
    }
}

/// `POST /account/tokens`.
pub(super) async fn make(
    State(entrance): State<Arc<Entrance>>,
    visit: Visit,
    Form(new): Form<NewToken>,
) -> Response {
    let now = now();
    let made = new.expires_at(now).and_then(|expires_at| {
        let (people, person, scopes) = (&entrance.people, visit.person(), new.scopes());
        people.add_token(&visit.by(), &new.token, Some(person), &scopes, expires_at, now)
    });
    match made {
        Ok(token) => {
            show(&entrance, &visit, StatusCode::CREATED, |page| page.tokens.made = Some(token))
        }
        Err(error) => {
            let (status, problem) = answer::status_and_words(&error, visit.client.look.lang);
            show(&entrance, &visit, status, |page| page.problem = Some(problem))
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Ended {
    token: String,
}

/// `POST /account/tokens/revoke`.
pub(super) async fn revoke(
    State(entrance): State<Arc<Entrance>>,
    visit: Visit,
    Form(Ended { token }): Form<Ended>,
) -> Response {
    visit.ended(entrance.people.revoke_token_of(&visit.by(), visit.person(), &token), "token")
}
