//! The client against real servers.
//!
//! One program for all of them: each further one would link the whole runtime once more.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may fail")]

mod agent_client;
mod chat_resume;
mod chat_session;
mod fetch;
