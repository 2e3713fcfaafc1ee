//! Who may use this server: accounts, sessions, invitations, and a log of what happened. Nothing here
//! knows of HTTP or of agents; that is `web::people` and `homes`.
//!
//! | module | what is in it |
//! |---|---|
//! | `person` | [`Person`], [`Role`]: who somebody is and what they may do |
//! | `password` | what may be a password, and Argon2id over it |
//! | `secret` | [`Token`]: what cookies and invitations carry |
//! | `store` | [`People`]: the database |
//! | `accounts` | people added and removed, roles, passwords |
//! | `sessions` | who is signed in where |
//! | `invitations` | links that let somebody make an account |
//! | `identities` | whom an identity provider knows somebody as |
//! | `tokens`, `scope` | what programs show in the place of a cookie, and what it is good for |
//! | `shares` | links to conversations |
//! | `quotas` | what people may use of models |
//! | `removed` | who was removed and still has a folder |
//! | `audit` | what happened |
//! | `throttle` | how often somebody may guess |
//! | `command`, `token_command` | `domovoi user`, `domovoi token` |

mod accounts;
mod audit;
mod command;
mod error;
mod identities;
mod invitations;
mod password;
mod person;
mod quotas;
mod removed;
mod scope;
mod secret;
mod sessions;
mod shares;
mod store;
mod throttle;
mod token_command;
mod tokens;

pub(crate) use audit::{By, COMMAND_LINE, Entry, Event};
pub(crate) use command::{UserArgs, run as run_command};
pub use error::PeopleError;
pub(crate) use identities::{Identity, Known};
pub(crate) use password::{Password, verify};
pub(crate) use person::{Name, Person, PersonId, Role};
pub(crate) use removed::Removed;
pub(crate) use scope::Scope;
pub(crate) use secret::{Token, typeable};
pub(crate) use sessions::{LIFETIME, SignedIn};
pub(crate) use shares::{NewContent, Shares, Whose};
pub(crate) use store::{People, now};
pub(crate) use throttle::Throttle;
pub(crate) use token_command::{TokenArgs, run as run_token_command};
pub(crate) use tokens::ApiToken;

#[cfg(test)]
mod tests;
