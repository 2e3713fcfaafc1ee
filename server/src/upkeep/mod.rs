//! Looking after what is kept: backups, upgrades, and what may be wrong.
//!
//! | module | what is in it |
//! |---|---|
//! | `backup` | `domovoi backup`, `domovoi restore` |
//! | `upgrade` | a backup before the first start of a newer version; refusing an older one |
//! | `doctor` | `domovoi doctor` |
#![allow(clippy::print_stdout, reason = "a command line talks to a person")]

mod backup;
mod doctor;
mod upgrade;

pub(crate) use backup::{Backup, Restore};
pub(crate) use doctor::doctor;
pub(crate) use upgrade::prepare;
