//! The entrance: who somebody is, and into which home a request is led.
//!
//! | module | what is in it |
//! |---|---|
//! | `gate` | every request that is for a home: signed in, or not |
//! | `watch` | connections and streams end with the session they rest on |
//! | `credential` | whose a request is: the cookie of a session, or an API token |
//! | `cookie`, `origin`, `address` | what a request says of itself, and how far that is believed |
//! | `sign_in` | signing in and out |
//! | `openid`, `proofs` | signing in at an identity provider, and showing there that it is oneself |
//! | `join` | the first account, and those of the invited |
//! | `account`, `browser` | one's own account, and what the browsers of its sessions are called |
//! | `tokens` | one's own API tokens |
//! | `household` | those one looks after |
//! | `asker` | whoever asks for something within a home |
//! | `resident` | somebody with a home, where nobody has an account as well |
//! | `shares`, `shared` | links to conversations, and what they show |
//! | `usage` | what models were asked, what it cost, and what people may use |
//! | `answer`, `words` | pages, redirects and refusals; what they say in which language |

mod account;
mod address;
mod answer;
mod asker;
mod browser;
mod cookie;
mod credential;
mod gate;
mod household;
mod join;
mod openid;
mod origin;
mod proofs;
mod resident;
mod shared;
mod shares;
mod sign_in;
#[cfg(test)]
mod tests;
mod tokens;
mod usage;
mod watch;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts, Request, State},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use domovoi_models::gateway::Gateway;
use http::{HeaderMap, header, request::Parts};
use tokio::sync::Semaphore;

use crate::{
    config::{Config, ConfigError, PublicUrl},
    homes::Homes,
    openid::OpenId,
    people::{By, People, PeopleError, SignedIn, Throttle, now, verify},
};

use proofs::Proofs;

pub(super) use asker::Asker;
pub(crate) use credential::bearer;
pub(super) use gate::enter;
pub(crate) use watch::watch;

/// Largest form, in bytes.
const MAX_FORM_BYTES: usize = 16 << 10;

/// Passwords that are hashed at a time: each takes 19 MiB and a core.
const HASHING: usize = 2;

/// Shared conversations that are drawn at a time.
const DRAWING: usize = 2;

/// What is known where requests come in.
pub(crate) struct Entrance {
    people: Arc<People>,
    homes: Arc<Homes>,
    gateway: Gateway,
    throttle: Throttle,
    hashing: Semaphore,
    drawing: Semaphore,
    /// With it the owner makes their account, where there is none.
    setup_code: Option<String>,
    public_url: Option<PublicUrl>,
    /// Where people can sign in as well.
    openid: Option<OpenId>,
    proofs: Proofs,
    allowed_origins: Vec<String>,
}

impl Entrance {
    pub(crate) fn new(
        config: &Config,
        people: Arc<People>,
        homes: Arc<Homes>,
        gateway: Gateway,
        setup_code: Option<String>,
    ) -> Result<Self, ConfigError> {
        // The first answer for a name that does not exist must not take longer than later ones.
        tokio::task::spawn_blocking(|| verify("", None));
        Ok(Self {
            people,
            homes,
            gateway,
            throttle: Throttle::default(),
            hashing: Semaphore::new(HASHING),
            drawing: Semaphore::new(DRAWING),
            setup_code,
            public_url: config.public_url.clone(),
            openid: config.openid.as_ref().map(OpenId::new).transpose()?,
            proofs: Proofs::default(),
            allowed_origins: config.allowed_origins.clone(),
        })
    }

    pub(super) fn people(&self) -> &Arc<People> {
        &self.people
    }

    pub(super) fn homes(&self) -> &Arc<Homes> {
        &self.homes
    }

    /// Tells the gateway which people have limits of their own.
    pub(crate) fn apply_quotas(&self) -> Result<(), PeopleError> {
        self.gateway.set_own_limits(self.people.quotas()?);
        Ok(())
    }

    /// Whose cookie a request has, where its session is good.
    fn signed_in(&self, headers: &HeaderMap) -> Result<Option<SignedIn>, PeopleError> {
        match cookie::read(headers, self.is_secure()) {
            Some(token) => self.people.signed_in(token, now()),
            None => Ok(None),
        }
    }

    /// What people call the identity provider, where there is one.
    fn openid_label(&self) -> Option<String> {
        self.openid.as_ref().map(|openid| openid.config().label.clone())
    }

    /// Whether people reach this server by TLS.
    fn is_secure(&self) -> bool {
        self.public_url.as_ref().is_some_and(PublicUrl::is_secure)
    }

    /// Work that hashes a password, beside everything else.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&People) -> Result<T, PeopleError> + Send + 'static,
    ) -> Result<T, PeopleError> {
        let failed = |error: &dyn ToString| PeopleError::Secret(error.to_string());
        let _permit = self.hashing.acquire().await.map_err(|error| failed(&error))?;
        let people = Arc::clone(&self.people);
        let done = tokio::task::spawn_blocking(move || work(&people)).await;
        done.map_err(|error| failed(&error))?
    }
}

/// The pages of accounts.
pub(super) fn routes() -> Router<Arc<Entrance>> {
    Router::new()
        .route("/sign-in", get(sign_in::sign_in_page).post(sign_in::sign_in))
        .route("/sign-in/openid", get(openid::begin))
        .route("/sign-in/openid/callback", get(openid::callback))
        .route("/account/openid", post(openid::link))
        .route("/account/openid/prove", post(openid::prove))
        .route("/account/openid/unlink", post(openid::unlink))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/setup", get(join::setup_page).post(join::setup))
        .route("/invite/{token}", get(join::invitation_page).post(join::accept))
        .route("/account", get(account::page))
        .route("/account/password", post(account::password))
        .route("/account/sessions/{id}/revoke", post(account::revoke_session))
        .route("/account/tokens", post(tokens::make))
        .route("/account/tokens/revoke", post(tokens::revoke))
        .route("/account/people/{id}/role", post(household::set_role))
        .route("/account/people/{id}/remove", post(household::remove))
        .route("/account/invitations", post(household::invite))
        .route("/account/invitations/{id}/revoke", post(household::uninvite))
        .route("/share/new", get(shares::new))
        .route("/shares", get(shares::list).post(shares::make))
        .route("/shares/{id}/revoke", post(shares::revoke))
        .route("/usage", get(usage::own))
        .route("/usage/people/{id}", get(usage::of_person))
        .route("/usage/people/{id}/quota", post(usage::set_quota))
        .route("/s/{token}", get(shared::show))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
}

/// Lets a form pass that one of our own pages has sent.
pub(super) async fn own_forms(
    State(entrance): State<Arc<Entrance>>,
    request: Request,
    next: Next,
) -> Response {
    let is_own = origin::is_own(request.headers(), entrance.public_url.as_ref());
    if origin::changes_something(request.method()) && !is_own {
        return answer::foreign();
    }
    next.run(request).await
}

/// [`routes`] with what guards them.
pub(super) fn guarded(entrance: &Arc<Entrance>) -> Router {
    routes()
        .route_layer(middleware::from_fn_with_state(Arc::clone(entrance), own_forms))
        .with_state(Arc::clone(entrance))
}

/// What a browser is called that does not say what it is.
const UNNAMED: &str = "an unnamed browser";

/// What a request says of whoever sends it.
struct Client {
    by: By,
    address: std::net::IpAddr,
    user_agent: String,
    look: domovoi_app::account::Look,
    headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let address = address::of(parts);
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok());
        Ok(Self {
            by: By::at(address),
            address,
            user_agent: user_agent.unwrap_or(UNNAMED).to_owned(),
            look: answer::look(&parts.headers),
            headers: parts.headers.clone(),
        })
    }
}
