//! OpenID Connect: the authorization code flow with PKCE, at one identity provider. Nothing here
//! knows of accounts; that is `people::identities`, and `web::people::openid` leads people through it.
//!
//! | module | what is in it |
//! |---|---|
//! | `provider` | [`OpenId`]: addresses and keys of the provider, and the exchange of a code |
//! | `token` | [`Claims`]: what an ID token says, once it is checked |
//! | `signature` | signatures of tokens, by the library that TLS uses |
//! | `attempt` | [`Attempts`]: who has gone to the provider and may come back |
//! | `admission` | who may come in |
//! | `error` | [`OpenIdError`]: why somebody could not |

mod admission;
mod attempt;
mod error;
mod provider;
mod signature;
#[cfg(test)]
pub(crate) mod testing;
mod token;

pub(crate) use attempt::{Attempt, Attempts, PATIENCE, Purpose};
pub(crate) use error::OpenIdError;
pub(crate) use provider::OpenId;
pub(crate) use token::Claims;
