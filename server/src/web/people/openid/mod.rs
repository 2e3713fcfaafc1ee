//! Signing in at the identity provider: there and back. Who that is here is in `arrival`, what did not
//! work in `failure`.

mod arrival;
mod failure;

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Query, State},
    response::Response,
};
use domovoi_app::account::Onward;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

use self::{
    arrival::{admitted, linked, proven},
    failure::{Failure, failed, too_often},
};
use super::{
    Client, Entrance,
    account::Visit,
    answer, cookie,
    sign_in::{Next, own_path, welcome},
};
use crate::{
    openid::{Attempt, OpenId, OpenIdError, Purpose},
    people::{PeopleError, Person, Token},
};

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
    match away(&entrance, openid, &client, own_path(&next), Purpose::SignIn).await {
        Ok((address, cookie)) => answer::with_cookie(answer::to(&address), cookie),
        Err(response) => *response,
    }
}

/// `POST /account/openid`: an account is to be linked. It takes a link to go on, as a form of a page
/// leads nowhere but to this server.
pub(super) async fn link(State(entrance): State<Arc<Entrance>>, visit: Visit) -> Response {
    let Some(openid) = &entrance.openid else { return answer::to("/account") };
    let person = visit.person().id.clone();
    let allowed = entrance.people.ways_in(&person, &openid.config().issuer);
    let allowed = allowed.and_then(|ways| match ways {
        (false, true) => Ok(false),
        (true, true) => Err(PeopleError::NotAllowed),
        // A session that was left open is not enough to let somebody else in.
        (_, false) if entrance.proofs.take(visit.session(), Instant::now()) => Ok(true),
        (_, false) => Err(PeopleError::NotProven),
    });
    match allowed {
        Ok(another) => {
            let purpose = Purpose::Link { person, another };
            onward(&entrance, openid, &visit, "/account?done=linked", purpose).await
        }
        Err(error) => answer::failed(&error, &visit.client.look),
    }
}

/// `POST /account/openid/prove`: somebody without a password is to show that it is them.
pub(super) async fn prove(State(entrance): State<Arc<Entrance>>, visit: Visit) -> Response {
    let Some(openid) = &entrance.openid else { return answer::to("/account") };
    let purpose = Purpose::Prove(visit.person().id.clone());
    onward(&entrance, openid, &visit, "/account?done=proven", purpose).await
}

/// A page with the way to the provider.
async fn onward(
    entrance: &Entrance,
    openid: &OpenId,
    visit: &Visit,
    next: &str,
    purpose: Purpose,
) -> Response {
    let proves = matches!(purpose, Purpose::Prove(_));
    match away(entrance, openid, &visit.client, next, purpose).await {
        Ok((address, cookie)) => {
            let page = Onward { label: openid.config().label.clone(), address, proves };
            let page = answer::page(StatusCode::OK, page.render(&visit.client.look));
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
    purpose: Purpose,
) -> Result<(String, Option<HeaderValue>), Box<Response>> {
    if let Err(wait) = entrance.throttle.goes_away(client.address, Instant::now()) {
        return Err(Box::new(too_often(client, wait)));
    }
    let began = async {
        let (attempt, kept) = (Attempt::new(next, purpose)?, Token::new()?);
        let address = openid.address(&attempt, &back(entrance, client)).await?;
        openid.attempts.begin(kept.as_str(), attempt);
        Ok::<_, Failure>((address, cookie::set_away(kept.as_str(), entrance.is_secure())))
    };
    began.await.map_err(|failure| Box::new(failed(entrance, openid, client, failure)))
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
            match person {
                Some(person) => welcome(&entrance, &client, &person, &next),
                None => answer::to(&next),
            }
        }
        Err(failure) => failed(&entrance, openid, &client, failure),
    };
    answer::with_cookie(response, cookie::clear_away(entrance.is_secure()))
}

/// Who is to be signed in now, where anybody is, and where they want to go.
async fn arrive(
    entrance: &Entrance,
    openid: &OpenId,
    said: Back,
    client: &Client,
) -> Result<(Option<Person>, String), Failure> {
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
    let person = match &attempt.purpose {
        Purpose::SignIn => Some(admitted(entrance, openid, client, &claims)?),
        Purpose::Link { person, .. } => Some(linked(entrance, openid, client, &claims, person)?),
        Purpose::Prove(person) => {
            proven(entrance, openid, client, &claims, person, attempt.at)?;
            None
        }
    };
    Ok((person, attempt.next))
}
