//! Methods that clients call.

use std::{
    any::TypeId,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use domovoi_protocol::{
    ServerFrame,
    rpc::{RpcRequest, RpcResponse, no_such_method, not_callable},
};
use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Agent, AgentError, Connection, Context, HandlerError, Result};

/// A method that clients may call; `#[callable]` writes these.
#[derive(Debug)]
pub struct Callable<A: Agent> {
    /// The method's name on the wire: its Rust name in camelCase.
    pub name: &'static str,
    /// Its Rust name; clients may use it as well.
    pub rust_name: &'static str,
    /// Its doc comment.
    pub description: &'static str,
    /// Decodes the arguments and calls it.
    pub call: CallFn<A>,
}

/// Decodes a call's arguments and calls the method.
pub type CallFn<A> = fn(Arc<A>, Context<A>, Arguments) -> BoxFuture<'static, Result<Option<Value>>>;

/// The arguments of one call, taken in order.
#[derive(Debug)]
pub struct Arguments {
    values: std::vec::IntoIter<Value>,
    responder: Option<Arc<Responder>>,
}

impl Arguments {
    /// The next argument as a `T`; a missing one counts as `null`.
    ///
    /// # Errors
    /// Names the parameter and what is wrong with its value.
    pub fn take<T: DeserializeOwned>(&mut self, parameter: &str) -> Result<T> {
        let value = self.values.next().unwrap_or(Value::Null);
        serde_json::from_value(value)
            .map_err(|error| HandlerError::new(format!("argument `{parameter}`: {error}")))
    }

    /// The sender of a streamed result.
    ///
    /// # Errors
    /// Fails where the caller cannot take a stream.
    pub fn stream(&mut self) -> Result<StreamingResponse> {
        let responder =
            self.responder.take().ok_or_else(|| HandlerError::new("the caller takes no stream"))?;
        responder.streams.store(true, Ordering::Relaxed);
        Ok(StreamingResponse { responder })
    }
}

/// A result as JSON; nothing for `()`.
///
/// # Errors
/// Fails where the value cannot be written as JSON.
pub fn result_value<T: Serialize + 'static>(value: T) -> Result<Option<Value>> {
    if TypeId::of::<T>() == TypeId::of::<()>() {
        return Ok(None);
    }
    Ok(Some(serde_json::to_value(value)?))
}

/// Sends the pieces of a streamed result; a method that takes one as an argument streams. It may
/// outlive the method. Dropping it without an end ends the stream without a value.
#[derive(Debug)]
pub struct StreamingResponse {
    responder: Arc<Responder>,
}

impl StreamingResponse {
    /// Sends one piece; nothing after the end.
    ///
    /// # Errors
    /// Fails where the value cannot be written as JSON.
    pub fn send<T: Serialize>(&self, item: T) -> Result<()> {
        let item = serde_json::to_value(item)?;
        self.responder.item(item);
        Ok(())
    }

    /// Ends the stream with a value. Ending twice is harmless.
    ///
    /// # Errors
    /// Fails where the value cannot be written as JSON.
    pub fn end<T: Serialize + 'static>(&self, value: T) -> Result<()> {
        let value = result_value(value)?;
        self.responder.end(Ok(value));
        Ok(())
    }

    /// Ends the stream with an error. Ending twice is harmless.
    pub fn error(&self, error: &str) {
        self.responder.end(Err(error.to_owned()));
    }
}

/// Answers one call, and makes sure that it is answered once.
#[derive(Debug)]
struct Responder {
    connection: Connection,
    id: String,
    streams: AtomicBool,
    ended: AtomicBool,
}

impl Responder {
    fn item(&self, item: Value) {
        if !self.ended.load(Ordering::Relaxed) {
            self.send(RpcResponse::item(self.id.as_str(), item));
        }
    }

    fn end(&self, result: Result<Option<Value>, String>) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            self.send(match result {
                Ok(value) => RpcResponse::done(self.id.as_str(), value),
                Err(error) => RpcResponse::failed(self.id.as_str(), error),
            });
        }
    }

    fn send(&self, response: RpcResponse) {
        self.connection.send_frame(&ServerFrame::from(response));
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let finished = self.streams.load(Ordering::Relaxed) && !std::thread::panicking();
        self.end(if finished { Ok(None) } else { Err(UNANSWERED.to_owned()) });
    }
}

/// What a client is told where a method panicked or its instance went away.
const UNANSWERED: &str = "The call ended without an answer";

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

/// Calls a method for code of this process.
pub(crate) async fn call<A: Agent>(
    cx: Context<A>,
    method: &str,
    args: Vec<Value>,
) -> Result<Value, AgentError> {
    let callable = find::<A>(method).map_err(AgentError::Handler)?;
    let arguments = Arguments { values: args.into_iter(), responder: None };
    let result = (callable.call)(Arc::clone(cx.this()), cx, arguments).await;
    result.map(Option::unwrap_or_default).map_err(AgentError::Handler)
}

/// Calls a method for a client and sends it what comes of it.
pub(crate) async fn serve<A: Agent>(cx: Context<A>, connection: Connection, request: RpcRequest) {
    let RpcRequest { id, method, args } = request;
    let (streams, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    let responder = Arc::new(Responder { connection, id, streams, ended });
    let result = match find::<A>(&method) {
        Err(error) => Err(error),
        Ok(callable) => {
            let args = args.into_iter();
            let arguments = Arguments { values: args, responder: Some(Arc::clone(&responder)) };
            (callable.call)(Arc::clone(cx.this()), cx, arguments).await
        }
    };
    match result {
        Ok(_) if responder.streams.load(Ordering::Relaxed) => {}
        result => responder.end(result.map_err(|error| error.to_string())),
    }
}
