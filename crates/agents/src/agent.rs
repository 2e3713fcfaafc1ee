//! What a person writes: the [`Agent`] trait. `#[agent]` writes most of it.

use std::future::{Future, ready};

use axum::{body::Body, extract::ws::Message, response::Response};
use http::{Request, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Connection, Context, HandlerError, Result, Stub, TaskEntry, rpc::Callable};

/// A stateful agent. One value of the type lives for as long as its instance is awake; what must
/// survive sleep belongs into the state or the SQL database.
///
/// All handlers of one instance run on one task: they interleave at `.await`, never in parallel.
pub trait Agent: Sized + Send + Sync + 'static {
    /// The state that is persisted and synchronised with every client; `()` for none.
    type State: Serialize + DeserializeOwned + Clone + Default + Send + Sync + 'static;

    /// The methods of its typed handle; written by `#[agent]`, `()` for none.
    type Stub: Stub<Self>;

    /// The type's name; its kebab-case form is the agent's name in addresses.
    const NAME: &'static str;

    /// The state of an instance that never set one.
    fn initial_state(&self) -> Self::State {
        Self::State::default()
    }

    /// Refuses a state before it is stored, by returning an error. [`Context::state`] is still the
    /// old one.
    ///
    /// # Errors
    /// Whatever the agent has against the state; a client is told that its update was rejected.
    fn validate_state(
        &self,
        cx: &Context<Self>,
        state: &Self::State,
        source: &StateSource,
    ) -> Result<()> {
        let _ = (cx, state, source);
        Ok(())
    }

    /// Makes a state of one that was stored by an earlier version and no longer fits the type. It
    /// is stored in place of the old one.
    ///
    /// # Errors
    /// Whatever speaks against it, as it does by default: the instance then does not start, and
    /// what is stored stays as it is.
    fn migrate_state(&self, stored: Value) -> Result<Self::State> {
        let _ = stored;
        Err("the agent has no `migrate_state`".into())
    }

    /// Called when the instance is created or wakes up, before anything else.
    fn on_start(&self, cx: &Context<Self>) -> impl Future<Output = Result<()>> + Send {
        let _ = cx;
        ready(Ok(()))
    }

    /// Answers a plain HTTP request to the instance. The default is 404.
    fn on_request(
        &self,
        cx: &Context<Self>,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response>> + Send {
        let _ = (cx, request);
        let mut response = Response::new(Body::from("Not implemented"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        ready(Ok(response))
    }

    /// Called when a connection is open, after the client was told who we are and our state. Its
    /// address and headers are on the connection.
    fn on_connect(
        &self,
        cx: &Context<Self>,
        connection: &Connection,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (cx, connection);
        ready(Ok(()))
    }

    /// Called for each text or binary message that is not a frame of the protocol.
    fn on_message(
        &self,
        cx: &Context<Self>,
        connection: &Connection,
        message: Message,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (cx, connection, message);
        ready(Ok(()))
    }

    /// Called when a connection has ended; `clean` tells whether with a closing handshake.
    fn on_close(
        &self,
        cx: &Context<Self>,
        connection: &Connection,
        code: u16,
        reason: &str,
        clean: bool,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (cx, connection, code, reason, clean);
        ready(Ok(()))
    }

    /// Called when a handler for a connection has failed. The default logs the error.
    fn on_error(
        &self,
        cx: &Context<Self>,
        connection: &Connection,
        error: HandlerError,
    ) -> impl Future<Output = Result<()>> + Send {
        tracing::warn!(
            agent = cx.agent(),
            instance = cx.name(),
            connection = connection.id(),
            error = error.for_log(),
            "handler failed"
        );
        ready(Ok(()))
    }

    /// Called after the state has changed, whoever changed it.
    fn on_state_update(
        &self,
        cx: &Context<Self>,
        state: &Self::State,
        source: &StateSource,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (cx, state, source);
        ready(Ok(()))
    }

    /// Called after runs of schedules have ended: how is in [`Context::runs`]. Once for those that
    /// end together.
    fn on_runs_end(&self, cx: &Context<Self>) {
        let _ = cx;
    }

    /// The methods clients may call; written by `#[agent]` from `#[callable]`.
    #[must_use]
    fn callables() -> &'static [Callable<Self>] {
        &[]
    }

    /// The methods clients may not call, so that they get the right error; written by `#[agent]`.
    #[must_use]
    fn private_methods() -> &'static [&'static str] {
        &[]
    }

    /// The methods that can be scheduled and queued; written by `#[agent]` from `#[task]`.
    #[must_use]
    fn tasks() -> &'static [TaskEntry<Self>] {
        &[]
    }
}

/// Who changed a state.
#[derive(Debug, Clone, PartialEq)]
pub enum StateSource {
    /// The agent itself.
    Server,
    /// A client.
    Client(Connection),
}
