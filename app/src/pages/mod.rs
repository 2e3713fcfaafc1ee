//! Pages: what an address shows.

pub mod not_found;
pub mod workspace;
