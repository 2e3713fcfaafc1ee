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
//! | `tokens` | [`Tokens`]: one's own API tokens |
//! | `sharing` | [`NewShare`], [`Shares`]: links to conversations |
//! | `shared` | [`Snapshot`]: what such a link shows |
//! | `usage`, `chart` | [`Usage`]: what models were asked and what it cost |
//! | `household` | [`Household`]: everybody's, for those who look after them |

mod chart;
mod entry;
pub mod form;
mod frame;
mod household;
mod overview;
mod shared;
mod sharing;
mod tokens;
mod usage;

pub use chart::Chart;
pub use entry::{Closed, NewAccount, Onward, SignIn};
pub use frame::Look;
pub use household::{AuditLine, Household, InvitationRow, PersonRow, role_name};
pub use overview::{Overview, SessionRow};
pub use shared::{Piece, SharedMessage, Snapshot};
pub use sharing::{NewShare, ShareRow, Shares};
pub use tokens::{TokenRow, Tokens};
pub use usage::{QuotaForm, Usage, UsedRow};
