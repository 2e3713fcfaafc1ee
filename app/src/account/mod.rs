//! Signing in and everything about accounts: pages of plain HTML and forms, rendered on the server
//! alone. They need neither WebAssembly nor scripts, so they work where nothing else does, and their
//! policy can forbid all of it.
//!
//! | module | what is in it |
//! |---|---|
//! | `frame` | [`Look`]: the document around a page |
//! | [`form`] | fields, buttons and notices |
//! | `entry` | [`SignIn`], [`NewAccount`], [`Closed`]: before somebody is signed in |
//! | `overview` | [`Overview`]: one's own account |
//! | `household` | [`Household`]: everybody's, for those who look after them |

mod entry;
pub mod form;
mod frame;
mod household;
mod overview;

pub use entry::{Closed, NewAccount, SignIn};
pub use frame::Look;
pub use household::{AuditLine, Household, InvitationRow, PersonRow};
pub use overview::{Overview, SessionRow};
