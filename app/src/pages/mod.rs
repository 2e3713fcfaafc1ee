//! Pages: what an address shows.

pub mod agents;
pub mod approvals;
pub mod not_found;
pub mod tasks;
pub mod workspace;
