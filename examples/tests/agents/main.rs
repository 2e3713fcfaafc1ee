//! Every example of the agent runtime runs, and does what the guide says, over real sockets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

#[path = "../support/mod.rs"]
mod support;

mod approvals;
mod auth_hooks;
mod chat;
mod client_tools;
mod context_window;
mod echo;
mod escalation;
mod gateway;
mod http_sse;
mod model_context;
mod multi_agent;
mod observer;
mod reminders;
mod rooms;
mod script;
mod sql;
mod streaming_rpc;
mod tool_context;

/// For examples that ask no model.
const NO_ENDPOINT: &str = "http://127.0.0.1:9/v1";

/// A folder of its own, and the example that runs in it.
fn serve(program: &str) -> (tempfile::TempDir, support::Example) {
    let folder = tempfile::tempdir().unwrap();
    let example = support::Example::serve(program, folder.path(), NO_ENDPOINT);
    (folder, example)
}
