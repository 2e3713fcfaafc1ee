//! The one answer to a call, or the pieces and the end of a streamed one.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{AgentError, Connection, Result};

/// Answers one call, and makes sure that it is answered once.
#[derive(Debug)]
pub(super) struct Responder {
    caller: Caller,
    streams: AtomicBool,
    ended: AtomicBool,
}

#[derive(Debug)]
enum Caller {
    Client {
        connection: Connection,
        id: String,
    },
    /// A [`ResultStream`](super::ResultStream).
    Local(mpsc::UnboundedSender<Piece>),
}

/// What a streamed result consists of.
#[derive(Debug)]
pub(super) enum Piece {
    Item(Value),
    End(Result<Option<Value>, AgentError>),
}

/// An `rpc` frame from the server, written without a [`Value`] in between. It is the wire form of
/// [`domovoi_protocol::rpc::RpcResponse`].
#[derive(Serialize)]
struct Frame<'a, T> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<bool>,
}

impl<'a, T: Serialize> Frame<'a, T> {
    fn success(id: &'a str, result: Option<&'a T>, done: bool) -> serde_json::Result<String> {
        let (kind, done) = ("rpc", Some(done));
        serde_json::to_string(&Self { kind, id, success: true, result, error: None, done })
    }
}

impl Frame<'_, ()> {
    fn failure(id: &str, error: &str) -> String {
        let (kind, error) = ("rpc", Some(error));
        let frame = Frame::<()> { kind, id, success: false, result: None, error, done: None };
        // Text alone can always be written as JSON.
        serde_json::to_string(&frame).unwrap_or_default()
    }
}

impl Responder {
    pub(super) fn client(connection: Connection, id: String) -> Self {
        Self::new(Caller::Client { connection, id })
    }

    pub(super) fn local(pieces: mpsc::UnboundedSender<Piece>) -> Self {
        Self::new(Caller::Local(pieces))
    }

    fn new(caller: Caller) -> Self {
        Self { caller, streams: AtomicBool::new(false), ended: AtomicBool::new(false) }
    }

    pub(super) fn connection(&self) -> Option<&Connection> {
        match &self.caller {
            Caller::Client { connection, .. } => Some(connection),
            Caller::Local(_) => None,
        }
    }

    pub(super) fn begin_stream(&self) {
        self.streams.store(true, Ordering::Relaxed);
    }

    pub(super) fn streams(&self) -> bool {
        self.streams.load(Ordering::Relaxed)
    }

    /// One piece of a stream; nothing after its end.
    pub(super) fn item<T: Serialize>(&self, item: &T) -> Result<()> {
        if self.ended.load(Ordering::Relaxed) {
            return Ok(());
        }
        match &self.caller {
            Caller::Client { connection, id } => {
                connection.send_text(Frame::success(id, Some(item), false)?);
            }
            Caller::Local(pieces) => {
                let _ = pieces.send(Piece::Item(serde_json::to_value(item)?));
            }
        }
        Ok(())
    }

    /// The result, where there is none yet; it stays open where the result is no JSON.
    pub(super) fn end<T: Serialize>(&self, result: Option<&T>) -> Result<()> {
        if self.ended.load(Ordering::Relaxed) {
            return Ok(());
        }
        match &self.caller {
            Caller::Client { connection, id } => {
                let frame = Frame::success(id, result, true)?;
                self.once(|| connection.send_text(frame));
            }
            Caller::Local(pieces) => {
                let value = result.map(serde_json::to_value).transpose()?;
                self.once(|| drop(pieces.send(Piece::End(Ok(value)))));
            }
        }
        Ok(())
    }

    /// An error in place of a result, where there is none yet.
    pub(super) fn fail(&self, error: AgentError) {
        self.once(|| match &self.caller {
            Caller::Client { connection, id } => {
                let error = connection.in_words(error.for_client());
                connection.send_text(Frame::failure(id, &error));
            }
            Caller::Local(pieces) => {
                let _ = pieces.send(Piece::End(Err(error)));
            }
        });
    }

    fn once(&self, answer: impl FnOnce()) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            answer();
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        if self.streams() && !panicked {
            // Nothing can always be written as JSON.
            let _ = self.end(None::<&()>);
            return;
        }
        self.once(|| match &self.caller {
            Caller::Client { connection, id } => {
                connection.send_text(Frame::failure(id, UNANSWERED));
            }
            Caller::Local(pieces) => {
                let error = if panicked { AgentError::Panicked } else { AgentError::Gone };
                let _ = pieces.send(Piece::End(Err(error)));
            }
        });
    }
}

/// What a client is told where a method panicked or its instance went away.
const UNANSWERED: &str = "The call ended without an answer";

#[cfg(test)]
mod tests {
    use domovoi_protocol::{ServerFrame, rpc::RpcResponse};
    use serde_json::json;

    use super::*;

    fn frame(response: RpcResponse) -> String {
        ServerFrame::from(response).to_json()
    }

    #[test]
    fn frames_are_those_of_the_protocol() {
        let value = json!({"a": [1, null]});
        let item = Frame::success("1", Some(&value), false).unwrap();
        assert_eq!(item, frame(RpcResponse::item("1", value.clone())));
        let done = Frame::success("1", Some(&value), true).unwrap();
        assert_eq!(done, frame(RpcResponse::done("1", Some(value))));
        let null = Frame::success("1", Some(&()), true).unwrap();
        assert_eq!(null, frame(RpcResponse::done("1", Some(Value::Null))));
        let nothing = Frame::success("1", None::<&()>, true).unwrap();
        assert_eq!(nothing, frame(RpcResponse::done("1", None)));
        assert_eq!(Frame::failure("1", "no \"x\""), frame(RpcResponse::failed("1", "no \"x\"")));
    }
}
