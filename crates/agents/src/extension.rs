//! What a kind of agent adds to every instance, beside its own handlers: chat is one.

use axum::{body::Body, response::Response};
use domovoi_protocol::ClientFrame;
use futures::future::BoxFuture;
use http::Request;

use crate::{Agent, Connection, Context, Result};

/// Hooks that run before an agent's own.
pub(crate) trait Extension<A: Agent>: Send + Sync + 'static {
    /// The instance wakes up.
    fn on_start(&self, cx: &Context<A>) -> Result<()>;

    /// A connection has opened; what is sent here comes before the identity.
    fn on_connect(&self, cx: &Context<A>, connection: &Connection);

    /// Reads text that is not of the protocol as it is, but of an older one.
    fn read(&self, cx: &Context<A>, connection: &Connection, text: &str) -> Option<ClientFrame>;

    /// A frame that the runtime itself does not handle.
    fn on_frame<'a>(
        &'a self,
        cx: &'a Context<A>,
        connection: &'a Connection,
        frame: ClientFrame,
    ) -> BoxFuture<'a, Result<()>>;

    /// Runs a task of the runtime's own: one whose name begins with
    /// [`RUNTIME_TASK`](crate::schedule::RUNTIME_TASK).
    fn on_task<'a>(
        &'a self,
        cx: &'a Context<A>,
        task: &'a str,
        payload: &'a str,
    ) -> BoxFuture<'a, Result<()>>;

    /// Answers a request in the agent's place.
    fn on_request(&self, cx: &Context<A>, request: &Request<Body>) -> Option<Result<Response>>;
}
