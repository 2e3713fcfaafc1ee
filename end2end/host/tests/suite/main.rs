//! A host that is killed, cut off, flooded and sent nonsense.
//!
//! One program for all of them: each further one would link the whole runtime once more.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod chat_chaos;
mod chat_cuts;
mod chat_providers;
mod chat_stops;
mod folder;
mod kill;
mod malformed;
mod panics;
mod slow_reader;
mod support;
