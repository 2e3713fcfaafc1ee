//! Every example runs, and does what the guide says, over real sockets.
//!
//! One program for all of them: each further one would link the whole runtime once more.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may fail")]

mod approvals;
mod auth_hooks;
mod chat;
mod client_tools;
mod context_window;
mod echo;
mod embedded;
mod escalation;
mod gateway;
mod guide;
mod http_sse;
mod model_context;
mod multi_agent;
mod observer;
mod reminders;
mod rooms;
mod run;
mod script;
mod sql;
mod streaming_rpc;
mod support;
mod tool_context;

/// For examples that ask no model.
const NO_ENDPOINT: &str = "http://127.0.0.1:9/v1";

/// A folder of its own, and the example that runs in it.
fn serve(program: &str) -> (tempfile::TempDir, support::Example) {
    let folder = tempfile::tempdir().unwrap();
    let example = support::Example::serve(program, folder.path(), NO_ENDPOINT);
    (folder, example)
}
