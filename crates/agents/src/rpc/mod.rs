//! Methods that clients call, by name and with JSON arguments.
//!
//! | module | what is in it |
//! |---|---|
//! | `arguments` | [`Arguments`]: what a call brings, read in order |
//! | `responder` | the one answer to a call |
//! | `stream` | [`StreamingResponse`] and [`ResultStream`], the two ends of a streamed result |
//! | `methods` | [`methods`]: what an agent can be called with |
//!
//! Code of this process needs none of it: an [`AgentHandle`](crate::AgentHandle) has the methods
//! of its agent with their own types.

mod arguments;
pub(crate) mod methods;
mod responder;
mod stream;

use std::sync::Arc;

use domovoi_protocol::rpc::{RpcRequest, no_such_method, not_callable};
use futures::{FutureExt, future::BoxFuture};
use serde_json::Value;

use crate::{Agent, AgentError, Connection, Context, HandlerError, Result};
use responder::Responder;

pub use arguments::Arguments;
pub use methods::{ArgumentInfo, MethodInfo, methods};
pub use stream::{ResultStream, StreamingResponse};

/// A method that clients may call; `#[callable]` writes these.
#[derive(Debug)]
pub struct Callable<A: Agent> {
    /// The method's name on the wire: its Rust name in camelCase.
    pub name: &'static str,
    /// Its Rust name; clients may use it as well.
    pub rust_name: &'static str,
    /// Its doc comment.
    pub description: &'static str,
    /// Whether it answers with a stream.
    pub streams: bool,
    /// Its arguments in order.
    pub arguments: fn() -> Vec<ArgumentInfo>,
    /// Decodes the arguments, calls it and hands its result to [`Arguments::answer`].
    pub call: CallFn<A>,
}

/// Decodes a call's arguments and calls the method.
pub type CallFn<A> = fn(Arc<A>, Context<A>, Arguments) -> BoxFuture<'static, Result<Option<Value>>>;

/// Finds a method by its name on the wire or its Rust name.
fn find<A: Agent>(method: &str) -> Result<&'static Callable<A>> {
    A::callables()
        .iter()
        .find(|callable| callable.name == method || callable.rust_name == method)
        .ok_or_else(|| {
            let private = A::private_methods().contains(&method);
            HandlerError::new(if private { not_callable(method) } else { no_such_method(method) })
        })
}

/// What is noted as failed.
fn call_of(method: &str) -> String {
    format!("call of {method}")
}

/// Calls a method for code of this process.
pub(crate) async fn call<A: Agent>(
    cx: Context<A>,
    method: &str,
    args: Vec<Value>,
) -> Result<Value, AgentError> {
    let callable = find::<A>(method).map_err(AgentError::Handler)?;
    let called = (callable.call)(Arc::clone(cx.this()), cx.clone(), Arguments::new(args, None));
    match std::panic::AssertUnwindSafe(called).catch_unwind().await {
        Ok(Ok(value)) => Ok(value.unwrap_or_default()),
        Ok(Err(error)) => {
            cx.failed(&call_of(method), &error);
            Err(AgentError::Handler(error))
        }
        Err(_) => {
            tracing::error!(
                agent = cx.agent(),
                instance = cx.name(),
                method,
                "a method panicked; the instance goes on"
            );
            cx.failed(&call_of(method), &AgentError::Panicked.into());
            Err(AgentError::Panicked)
        }
    }
}

/// Calls a method for a client and sends it what comes of it.
pub(crate) async fn serve<A: Agent>(cx: Context<A>, connection: Connection, request: RpcRequest) {
    let RpcRequest { id, method, args } = request;
    let responder = Arc::new(Responder::client(connection, id));
    let result = match find::<A>(&method) {
        Err(error) => Err(error),
        Ok(callable) => {
            let arguments = Arguments::new(args, Some(Arc::clone(&responder)));
            (callable.call)(Arc::clone(cx.this()), cx.clone(), arguments).await
        }
    };
    let result = match result {
        // It ends when it likes to.
        Ok(_) if responder.streams() => Ok(()),
        // Most often this has been sent already; a method written by hand may leave it to us.
        Ok(value) => responder.end(value.as_ref()),
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        cx.failed(&call_of(&method), &error);
        responder.fail(AgentError::Handler(error));
    }
}
