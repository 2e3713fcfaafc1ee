//! A connection without a socket.

use std::collections::VecDeque;

use axum::extract::ws::{CloseFrame, Message};
use domovoi_protocol::{
    ClientFrame, ServerFrame,
    rpc::{RpcRequest, RpcResponse},
    state::StateFrame,
};
use http::request::Parts;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    AgentError, Agents, Connection, HandlerError, Identity, InstanceId,
    connection::Opened,
    languages::Other,
    routing::connection_id,
    socket::{End, Receiver},
};

/// An open connection to an instance. It closes when it is dropped.
pub struct TestClient {
    receiver: Box<dyn Receiver>,
    connection: Connection,
    arrived: VecDeque<Message>,
    calls: u64,
    ended: bool,
}

impl TestClient {
    pub(super) fn open(
        agents: &Agents,
        id: InstanceId,
        request: Parts,
        identity: Identity,
    ) -> Result<Self, AgentError> {
        let (receiver, gate) = agents.host(&id)?.attach(agents, id);
        let connection = Connection::new(Opened {
            id: connection_id(&request.uri),
            language: Other::of(agents, &request.headers),
            request,
            identity,
            max_queued_bytes: agents.config().max_queued_bytes,
            gate,
        });
        receiver.connected(&connection)?;
        Ok(Self { receiver, connection, arrived: VecDeque::new(), calls: 0, ended: false })
    }

    /// The connection's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.connection.id()
    }

    /// The next message, whatever it is; nothing once the agent has closed the connection.
    pub async fn message(&mut self) -> Option<Message> {
        if let Some(message) = self.arrived.pop_front() {
            return Some(message);
        }
        if self.ended {
            return None;
        }
        let outbox = self.connection.outbox();
        let messages = tokio::select! {
            messages = outbox.take() => messages,
            () = outbox.overflowed() => {
                self.ended = true;
                return None;
            }
        };
        outbox.written(messages.iter().map(crate::outbox::size_of).sum());
        self.arrived = messages;
        let message = self.arrived.pop_front();
        self.ended = matches!(message, Some(Message::Close(_)));
        message
    }

    /// The next frame of the protocol; other messages are passed over.
    ///
    /// # Errors
    /// [`AgentError::Gone`] where the connection has ended.
    pub async fn frame(&mut self) -> Result<ServerFrame, AgentError> {
        loop {
            let message = self.message().await.ok_or(AgentError::Gone)?;
            if let Message::Text(text) = &message
                && let Ok(Some(frame)) = ServerFrame::parse(text)
            {
                return Ok(frame);
            }
        }
    }

    /// The next text that is no frame of the protocol; frames are passed over.
    ///
    /// # Errors
    /// [`AgentError::Gone`] where the connection has ended.
    pub async fn text(&mut self) -> Result<String, AgentError> {
        loop {
            let message = self.message().await.ok_or(AgentError::Gone)?;
            if let Message::Text(text) = &message
                && !matches!(ServerFrame::parse(text), Ok(Some(_)))
            {
                return Ok(text.as_str().to_owned());
            }
        }
    }

    /// The next state; other messages are passed over.
    ///
    /// # Errors
    /// [`AgentError::Gone`] where the connection has ended, [`AgentError::Json`] where the state
    /// is no `S`.
    pub async fn state<S: DeserializeOwned>(&mut self) -> Result<S, AgentError> {
        loop {
            if let ServerFrame::State(frame) = self.frame().await? {
                return Ok(serde_json::from_value(frame.state)?);
            }
        }
    }

    /// The code and the reason the agent closes the connection with; other messages are passed
    /// over.
    pub async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            if let Message::Close(frame) = self.message().await? {
                return frame;
            }
        }
    }

    /// Sends a message.
    pub fn send(&self, message: Message) {
        self.receiver.message(&self.connection, message);
    }

    /// Sends text.
    pub fn send_text(&self, text: &str) {
        self.send(Message::text(text));
    }

    /// Sends a frame of the protocol.
    pub fn send_frame(&self, frame: &ClientFrame) {
        self.send(Message::text(frame.to_json()));
    }

    /// Replaces the state.
    ///
    /// # Errors
    /// [`AgentError::Json`] where it cannot be written as JSON.
    pub fn set_state(&self, state: impl Serialize) -> Result<(), AgentError> {
        self.send_frame(&StateFrame { state: serde_json::to_value(state)? }.into());
        Ok(())
    }

    /// Calls a method and waits for its result; `args` is a list or a tuple. What arrives
    /// meanwhile is kept for later.
    ///
    /// # Errors
    /// [`AgentError::Handler`] with the agent's words, [`AgentError::Gone`] where the connection
    /// ends, [`AgentError::Json`] where arguments or result do not convert.
    pub async fn call<T: DeserializeOwned>(
        &mut self,
        method: &str,
        args: impl Serialize,
    ) -> Result<T, AgentError> {
        let mut pieces = self.stream(method, args).await?;
        Ok(serde_json::from_value(pieces.pop().unwrap_or_default())?)
    }

    /// Calls a method that streams: its pieces, and its last value at the end.
    ///
    /// # Errors
    /// As [`TestClient::call`].
    pub async fn stream(
        &mut self,
        method: &str,
        args: impl Serialize,
    ) -> Result<Vec<Value>, AgentError> {
        self.calls += 1;
        let id = self.calls.to_string();
        let args = match serde_json::to_value(args)? {
            Value::Array(args) => args,
            Value::Null => Vec::new(),
            single => vec![single],
        };
        let request = RpcRequest { id: id.clone(), method: method.to_owned(), args };
        self.send_frame(&request.into());
        let (mut pieces, mut others) = (Vec::new(), VecDeque::new());
        let result = loop {
            let Some(message) = self.message().await else { break Err(AgentError::Gone) };
            match response_of(&message, &id) {
                None => others.push_back(message),
                Some(RpcResponse { success: false, error, .. }) => {
                    break Err(AgentError::Handler(HandlerError::new(error.unwrap_or_default())));
                }
                Some(response) => {
                    pieces.push(response.result.unwrap_or_default());
                    if response.done == Some(true) {
                        break Ok(pieces);
                    }
                }
            }
        };
        others.append(&mut self.arrived);
        self.arrived = others;
        result
    }

    /// Closes the connection.
    pub fn close(mut self, code: u16, reason: &str) {
        self.end(code, reason, true);
    }

    fn end(&mut self, code: u16, reason: &str, clean: bool) {
        self.connection.mark_closed();
        self.receiver.closed(&self.connection, End { code, reason: reason.to_owned(), clean });
    }
}

/// The answer to a call, where this is one.
fn response_of(message: &Message, id: &str) -> Option<RpcResponse> {
    let Message::Text(text) = message else { return None };
    match ServerFrame::parse(text) {
        Ok(Some(ServerFrame::Rpc(response))) if response.id == id => Some(response),
        _ => None,
    }
}

impl Drop for TestClient {
    fn drop(&mut self) {
        // Nothing where it was closed before.
        self.end(1006, "", false);
    }
}

impl std::fmt::Debug for TestClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestClient").field("id", &self.id()).finish_non_exhaustive()
    }
}
