//! The runtime over its public interface: real files, real sockets.
//!
//! One program for all of them: each further one would link the whole runtime once more.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]

mod activity;
mod approval_notices;
mod backup;
mod chat;
mod chat_approvals;
mod chat_history;
mod chat_legacy;
mod chat_pausing;
mod chat_window;
mod compile_errors;
mod crowd;
mod gateway_store;
mod inspect;
mod instances;
mod languages;
mod limits;
mod provider_failures;
mod schedules;
mod state_log;
mod storage_failures;
mod support;
mod tables;
mod tool_context;
mod tools;
mod typed;
