//! One open WebSocket as an agent sees it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use bytes::Bytes;
use domovoi_protocol::ServerFrame;
use http::{HeaderMap, Uri, request::Parts};
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::AgentError;

/// Close code for a client that may connect again later: it does not read what it is sent, or there
/// are too many.
pub(crate) const CODE_TRY_AGAIN_LATER: u16 = 1013;

/// One open connection to an instance. Cheap to clone; all clones are the same connection.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

struct Inner {
    id: String,
    uri: Uri,
    headers: HeaderMap,
    state: Mutex<Option<Value>>,
    readonly: AtomicBool,
    parked: AtomicBool,
    open: AtomicBool,
    outbound: mpsc::UnboundedSender<Message>,
    queued_bytes: Arc<AtomicUsize>,
    max_queued_bytes: usize,
}

/// The socket's end of a [`Connection`]: what is to be written.
#[derive(Debug)]
pub(crate) struct Outbound {
    messages: mpsc::UnboundedReceiver<Message>,
    queued_bytes: Arc<AtomicUsize>,
}

impl Outbound {
    /// The next message to write; `None` when the agent's side is gone.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        let message = self.messages.recv().await?;
        self.queued_bytes.fetch_sub(size_of(&message), Ordering::Relaxed);
        Some(message)
    }

    /// A message that is there already.
    pub(crate) fn try_next(&mut self) -> Option<Message> {
        let message = self.messages.try_recv().ok()?;
        self.queued_bytes.fetch_sub(size_of(&message), Ordering::Relaxed);
        Some(message)
    }
}

fn size_of(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    }
}

impl Connection {
    pub(crate) fn new(id: String, request: Parts, max_queued_bytes: usize) -> (Self, Outbound) {
        let (outbound, messages) = mpsc::unbounded_channel();
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let inner = Inner {
            id,
            uri: request.uri,
            headers: request.headers,
            state: Mutex::new(None),
            readonly: AtomicBool::new(false),
            parked: AtomicBool::new(false),
            open: AtomicBool::new(true),
            outbound,
            queued_bytes: Arc::clone(&queued_bytes),
            max_queued_bytes,
        };
        (Self { inner: Arc::new(inner) }, Outbound { messages, queued_bytes })
    }

    /// The connection's id: the client's `_pk`, or one the server made.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// The address the client opened, with its query.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.inner.uri
    }

    /// The headers of the request that opened the connection, cookies among them.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.inner.headers
    }

    /// The value of a query parameter of [`Connection::uri`], percent-decoded.
    #[must_use]
    pub fn query(&self, key: &str) -> Option<String> {
        crate::routing::query_value(&self.inner.uri, key)
    }

    /// The state attached to this connection; `None` where there is none or it is no `T`.
    #[must_use]
    pub fn state<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(self.inner.state.lock().as_ref()?).ok()
    }

    /// Attaches a state to this connection. It is kept while the instance sleeps.
    ///
    /// # Errors
    /// [`AgentError::Json`] where the value cannot be written as JSON.
    pub fn set_state<T: Serialize>(&self, state: &T) -> Result<(), AgentError> {
        *self.inner.state.lock() = Some(serde_json::to_value(state)?);
        Ok(())
    }

    /// Whether this connection may read the agent's state but not set it.
    #[must_use]
    pub fn is_readonly(&self) -> bool {
        self.inner.readonly.load(Ordering::Relaxed)
    }

    /// Lets this connection read the agent's state but not set it, or set it again.
    pub fn set_readonly(&self, readonly: bool) {
        self.inner.readonly.store(readonly, Ordering::Relaxed);
    }

    /// Sends text.
    pub fn send_text(&self, text: impl Into<Utf8Bytes>) {
        self.send(Message::Text(text.into()));
    }

    /// Sends bytes.
    pub fn send_binary(&self, bytes: impl Into<Bytes>) {
        self.send(Message::Binary(bytes.into()));
    }

    /// Sends a frame of the protocol.
    pub fn send_frame(&self, frame: &ServerFrame) {
        self.send_text(frame.to_json());
    }

    /// Closes the connection. Clients connect again unless the code is 1008 or 4000 to 4999.
    pub fn close(&self, code: u16, reason: &str) {
        if self.inner.open.swap(false, Ordering::Relaxed) {
            let frame = CloseFrame { code, reason: reason.into() };
            let _ = self.inner.outbound.send(Message::Close(Some(frame)));
        }
    }

    /// Whether nobody has closed it yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inner.open.load(Ordering::Relaxed) && !self.inner.outbound.is_closed()
    }

    fn send(&self, message: Message) {
        if !self.inner.open.load(Ordering::Relaxed) {
            return;
        }
        let size = size_of(&message);
        let queued = self.inner.queued_bytes.fetch_add(size, Ordering::Relaxed);
        if queued + size > self.inner.max_queued_bytes && queued > 0 {
            self.close(CODE_TRY_AGAIN_LATER, "the client reads too slowly");
            return;
        }
        let _ = self.inner.outbound.send(message);
    }

    /// Whether the connection waits for its acknowledgement of a running turn, and gets no live
    /// chunks until then.
    pub(crate) fn is_parked(&self) -> bool {
        self.inner.parked.load(Ordering::Relaxed)
    }

    pub(crate) fn set_parked(&self, parked: bool) {
        self.inner.parked.store(parked, Ordering::Relaxed);
    }

    pub(crate) fn mark_closed(&self) {
        self.inner.open.store(false, Ordering::Relaxed);
    }
}

impl PartialEq for Connection {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("id", &self.inner.id).finish_non_exhaustive()
    }
}

/// The open connections of one instance. They outlive its sleep.
#[derive(Debug, Default)]
pub(crate) struct ConnectionSet {
    connections: Mutex<Vec<Connection>>,
}

impl ConnectionSet {
    /// Adds a connection where there are fewer than `limit`.
    pub(crate) fn insert(&self, connection: Connection, limit: usize) -> Result<(), AgentError> {
        let mut connections = self.connections.lock();
        if connections.len() >= limit {
            return Err(AgentError::TooManyConnections(limit));
        }
        connections.push(connection);
        Ok(())
    }

    pub(crate) fn remove(&self, connection: &Connection) {
        self.connections.lock().retain(|other| other != connection);
    }

    pub(crate) fn len(&self) -> usize {
        self.connections.lock().len()
    }

    pub(crate) fn all(&self) -> Vec<Connection> {
        self.connections.lock().clone()
    }

    /// Sends the same text to every connection that `to` picks; the bytes are shared.
    pub(crate) fn broadcast(&self, text: impl Into<Utf8Bytes>, to: impl Fn(&Connection) -> bool) {
        let text = text.into();
        for connection in self.connections.lock().iter().filter(|connection| to(connection)) {
            connection.send_text(text.clone());
        }
    }
}
