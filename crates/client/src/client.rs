//! The client's handle.

use std::sync::{Arc, Weak};

use domovoi_protocol::{ClientFrame, connection::IdentityFrame, state::StateFrame};
use futures::channel::mpsc;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    AgentOptions, CallStream, ClientError, ClientEvent, ConnectionStatus, MaybeSend, Subscription,
    calls,
    link::{Link, Message},
    platform,
};

/// A connection to one agent instance that keeps itself alive.
///
/// Clones are handles to the same connection. It is closed by [`close`](Self::close), or when
/// the last handle is dropped; a callback that needs a handle should hold a
/// [weak one](Self::downgrade), since the connection owns its callbacks.
#[derive(Clone)]
pub struct AgentClient {
    handle: Arc<Handle>,
}

struct Handle {
    link: Arc<Link>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.link.close(1000, "closed by this side");
    }
}

/// A handle that does not keep the connection open.
#[derive(Clone)]
pub struct WeakAgentClient {
    handle: Weak<Handle>,
}

impl WeakAgentClient {
    /// The handle, unless the last one was dropped.
    #[must_use]
    pub fn upgrade(&self) -> Option<AgentClient> {
        self.handle.upgrade().map(|handle| AgentClient { handle })
    }
}

impl AgentClient {
    /// A client that does not connect before [`start`](Self::start), so that callbacks can be
    /// registered that miss nothing.
    #[must_use]
    pub fn new(mut options: AgentOptions) -> Self {
        options.connection_id.get_or_insert_with(|| uuid::Uuid::new_v4().to_string());
        Self { handle: Arc::new(Handle { link: Arc::new(Link::new(options)) }) }
    }

    /// A client that connects at once; returns before it is connected.
    ///
    /// Natively it wants a tokio runtime with I/O and time; without one it is closed at once.
    #[must_use]
    pub fn connect(options: AgentOptions) -> Self {
        let client = Self::new(options);
        client.start();
        client
    }

    /// Connects and keeps connected. A second call does nothing, nor does one after `close`.
    pub fn start(&self) {
        self.handle.link.start();
    }

    /// Closes for good. What waits to be sent still goes out where the socket is open; calls
    /// without an answer fail.
    pub fn close(&self) {
        self.handle.link.close(1000, "closed by this side");
    }

    /// A handle that does not keep the connection open.
    #[must_use]
    pub fn downgrade(&self) -> WeakAgentClient {
        WeakAgentClient { handle: Arc::downgrade(&self.handle) }
    }

    /// The options it was made with, and the connection's id.
    #[must_use = "this only reads"]
    pub fn options(&self) -> &AgentOptions {
        &self.handle.link.options
    }

    /// How the connection stands.
    #[must_use]
    pub fn status(&self) -> ConnectionStatus {
        self.handle.link.status()
    }

    /// Whom the client is connected to; `None` until the agent has said so on this connection.
    #[must_use]
    pub fn identity(&self) -> Option<IdentityFrame> {
        self.handle.link.identity()
    }

    /// Waits until the agent has introduced itself and, where it has one, sent its state.
    ///
    /// # Errors
    /// [`ClientError::Closed`] where the connection is closed for good.
    pub async fn ready(&self) -> Result<IdentityFrame, ClientError> {
        let ready = self.handle.link.ready()?;
        ready.await.map_err(|_| self.handle.link.closed_error())
    }

    /// Calls `callback` with every event from now on, in order and one at a time: in a browser
    /// within the socket's own callback, natively on the connection's task, so it must not block.
    /// It may use the client.
    pub fn on_event(
        &self,
        callback: impl FnMut(&ClientEvent) + MaybeSend + 'static,
    ) -> Subscription {
        self.handle.link.listeners.add(platform::callback(callback))
    }

    /// Every event from now on, as a stream that ends after the connection is closed for good.
    /// Events nobody takes out pile up.
    #[must_use]
    pub fn events(&self) -> mpsc::UnboundedReceiver<ClientEvent> {
        let (sender, receiver) = mpsc::unbounded();
        self.on_event(move |event| {
            let _ = sender.unbounded_send(event.clone());
        })
        .forget();
        receiver
    }

    /// Calls a method and waits for its result. `args` is a tuple or a list (one entry per
    /// argument), `()` for none, or the only argument.
    ///
    /// Without a connection the call waits for one. The time-out of the options counts from now.
    ///
    /// # Errors
    /// [`ClientError::Remote`] with the agent's words, [`ClientError::ConnectionLost`] where the
    /// connection went down after the call was sent, [`ClientError::TimedOut`],
    /// [`ClientError::Closed`], [`ClientError::QueueFull`], [`ClientError::Encode`] and
    /// [`ClientError::Decode`].
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        args: impl Serialize,
    ) -> Result<T, ClientError> {
        let result = self.handle.link.call(method, calls::arguments(args)?)?.result();
        match self.options().call_timeout {
            None => result.await,
            Some(limit) => {
                platform::timeout(limit, result).await.unwrap_or(Err(ClientError::TimedOut(limit)))
            }
        }
    }

    /// Calls a method that streams its result.
    ///
    /// # Errors
    /// Those of [`call`](Self::call) that are known before anything is sent; the others come
    /// through the stream.
    pub fn call_stream<T: DeserializeOwned>(
        &self,
        method: &str,
        args: impl Serialize,
    ) -> Result<CallStream<T>, ClientError> {
        Ok(CallStream::new(self.handle.link.call(method, calls::arguments(args)?)?))
    }

    /// Replaces the agent's state.
    ///
    /// # Errors
    /// As [`send_frame`](Self::send_frame), and [`ClientError::Encode`].
    pub fn set_state(&self, state: impl Serialize) -> Result<(), ClientError> {
        let state = serde_json::to_value(state).map_err(ClientError::Encode)?;
        self.send_frame(&StateFrame { state }.into())
    }

    /// Sends a frame; without a connection it waits for one, except for the frames that take up
    /// a stream again, which mean something on one connection only and are then left out.
    ///
    /// # Errors
    /// [`ClientError::Closed`] and [`ClientError::QueueFull`].
    pub fn send_frame(&self, frame: &ClientFrame) -> Result<(), ClientError> {
        let message = Message::Text(frame.to_json());
        match frame {
            ClientFrame::ResumeRequest(_) | ClientFrame::ResumeAck(_) => {
                self.handle.link.send_if_open(message)
            }
            _ => self.handle.link.send(message),
        }
    }

    /// Sends a text message of the application's own; without a connection it waits for one.
    ///
    /// # Errors
    /// [`ClientError::Closed`] and [`ClientError::QueueFull`].
    pub fn send_text(&self, text: impl Into<String>) -> Result<(), ClientError> {
        self.handle.link.send(Message::Text(text.into()))
    }

    /// Sends a binary message of the application's own; without a connection it waits for one.
    ///
    /// # Errors
    /// [`ClientError::Closed`] and [`ClientError::QueueFull`].
    pub fn send_binary(&self, bytes: impl Into<Vec<u8>>) -> Result<(), ClientError> {
        self.handle.link.send(Message::Binary(bytes.into()))
    }
}

impl std::fmt::Debug for AgentClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentClient")
            .field("options", self.options())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for WeakAgentClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WeakAgentClient").finish_non_exhaustive()
    }
}
