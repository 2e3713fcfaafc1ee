//! One open WebSocket as an agent sees it.

use std::{
    any::Any,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use bytes::Bytes;
use domovoi_protocol::ServerFrame;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, request::Parts};
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    AgentError, Identity,
    dialect::Dialect,
    languages::Other,
    outbox::{Outbox, Pushed},
    storage::Gate,
};

/// Close code for a client that may connect again later: it does not read what it is sent, or there
/// are too many.
pub(crate) const CODE_TRY_AGAIN_LATER: u16 = 1013;

/// Frames of one connection that may be in the hands of its agent at a time; the next one is read
/// when one of them is done, so a client cannot fill the server's memory.
const FRAMES_IN_FLIGHT: usize = 256;

/// One open connection to an instance. Cheap to clone; all clones are the same connection.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

struct Inner {
    id: Box<str>,
    uri: Uri,
    headers: HeaderMap,
    identity: Identity,
    language: Option<Other>,
    attached: Mutex<Attached>,
    readonly: AtomicBool,
    greeted: AtomicBool,
    parked: AtomicBool,
    dialect: Dialect,
    outbox: Outbox,
    max_queued_bytes: usize,
    gate: Option<Arc<Gate>>,
    in_flight: AtomicUsize,
    /// Rounds of the keep-alive since the client was last heard.
    silent_rounds: AtomicU32,
}

/// What an agent has attached to a connection.
#[derive(Default)]
struct Attached {
    state: Option<Box<Value>>,
    tags: Vec<Box<str>>,
}

/// What a [`Connection`] is made of.
pub(crate) struct Opened {
    pub(crate) id: String,
    pub(crate) request: Parts,
    pub(crate) identity: Identity,
    pub(crate) language: Option<Other>,
    pub(crate) max_queued_bytes: usize,
    pub(crate) gate: Option<Arc<Gate>>,
}

/// Counts one frame that is in the hands of the agent.
#[derive(Debug)]
pub(crate) struct InFlight(Connection);

impl InFlight {
    pub(crate) fn connection(&self) -> &Connection {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.inner.in_flight.fetch_sub(1, Ordering::AcqRel) == FRAMES_IN_FLIGHT {
            self.0.inner.outbox.wake();
        }
    }
}

impl Connection {
    pub(crate) fn new(opened: Opened) -> Self {
        let Opened { id, request, identity, language, max_queued_bytes, gate } = opened;
        let (uri, headers) = detached(&request);
        // Clients of others look for words they know.
        let language = language.filter(|_| is_ours(&uri));
        let inner = Inner {
            id: id.into(),
            uri,
            headers,
            identity,
            language,
            attached: Mutex::default(),
            readonly: AtomicBool::new(false),
            greeted: AtomicBool::new(false),
            parked: AtomicBool::new(false),
            dialect: Dialect::default(),
            outbox: Outbox::default(),
            max_queued_bytes,
            gate,
            in_flight: AtomicUsize::new(0),
            silent_rounds: AtomicU32::new(0),
        };
        Self { inner: Arc::new(inner) }
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

    /// Who the client is, where a hook of the routes has said so with [`Identity::new`] and it is a
    /// `T`.
    #[must_use]
    pub fn identity<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.inner.identity.get()
    }

    /// What people know the client by, where a hook of the routes has said so with
    /// [`Identity::named`].
    #[must_use]
    pub fn identity_name(&self) -> Option<&str> {
        self.inner.identity.name()
    }

    /// Whether the client knows what is our own in the protocol: it says so in its query.
    pub(crate) fn is_ours(&self) -> bool {
        is_ours(&self.inner.uri)
    }

    /// The name of the language that the client is told errors in, where it is not English.
    pub(crate) fn language(&self) -> Option<&'static str> {
        self.inner.language.map(|language| language.name)
    }

    /// An error in the client's language.
    pub(crate) fn in_words(&self, error: impl Into<String>) -> String {
        let error = error.into();
        match self.inner.language {
            Some(language) => language.say(&error),
            None => error,
        }
    }

    /// The state attached to this connection; `None` where there is none or it is no `T`.
    #[must_use]
    pub fn state<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(self.inner.attached.lock().state.as_deref()?).ok()
    }

    /// Attaches a state to this connection. It is kept while the instance sleeps.
    ///
    /// # Errors
    /// [`AgentError::Json`] where the value cannot be written as JSON.
    pub fn set_state<T: Serialize>(&self, state: &T) -> Result<(), AgentError> {
        let state = Some(Box::new(serde_json::to_value(state)?));
        self.inner.attached.lock().state = state;
        Ok(())
    }

    /// Puts a tag on this connection, to find it by with
    /// [`Context::tagged`](crate::Context::tagged). Kept while the instance sleeps.
    pub fn add_tag(&self, tag: &str) {
        let mut attached = self.inner.attached.lock();
        if !attached.tags.iter().any(|other| **other == *tag) {
            attached.tags.push(tag.into());
        }
    }

    /// Takes a tag off again.
    pub fn remove_tag(&self, tag: &str) {
        self.inner.attached.lock().tags.retain(|other| **other != *tag);
    }

    /// Whether the connection has this tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.inner.attached.lock().tags.iter().any(|other| **other == *tag)
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

    /// Closes the connection, after what was sent before. Clients connect again unless the code is
    /// 1008 or 4000 to 4999.
    pub fn close(&self, code: u16, reason: &str) {
        let frame = CloseFrame { code, reason: cut_reason(reason).into() };
        self.send(Message::Close(Some(frame)));
    }

    /// Closes the connection, ahead of what is held back.
    pub(crate) fn close_now(&self, code: u16, reason: &str) {
        let frame = CloseFrame { code, reason: cut_reason(reason).into() };
        self.push(Message::Close(Some(frame)));
    }

    /// Whether nobody has closed it yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.inner.outbox.is_closed()
    }

    /// Sends a message, or has it wait until the writes ahead of it are durable.
    fn send(&self, message: Message) {
        let Some(message) = self.inner.dialect.apply(message) else { return };
        let message = match &self.inner.gate {
            None => Some(message),
            Some(gate) => gate.pass(self, message),
        };
        message.into_iter().for_each(|message| self.push(message));
    }

    /// Hands a message to the socket.
    pub(crate) fn push(&self, message: Message) {
        if self.inner.outbox.push(message, self.inner.max_queued_bytes) == Pushed::Full {
            tracing::debug!(connection = self.id(), "closed: the client reads too slowly");
            self.inner.outbox.overflow();
        }
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.inner.outbox
    }

    /// Whether another frame may be read.
    pub(crate) fn has_room(&self) -> bool {
        self.inner.in_flight.load(Ordering::Acquire) < FRAMES_IN_FLIGHT
    }

    /// Notes a frame on its way to the agent.
    pub(crate) fn in_flight(&self) -> InFlight {
        self.inner.in_flight.fetch_add(1, Ordering::AcqRel);
        InFlight(self.clone())
    }

    /// Notes that the client lives.
    pub(crate) fn heard(&self) {
        self.inner.silent_rounds.store(0, Ordering::Relaxed);
    }

    /// One round of the keep-alive: asks a silent client, and gives one up that has not answered.
    pub(crate) fn keep_alive(&self) {
        match self.inner.silent_rounds.fetch_add(1, Ordering::Relaxed) {
            0 => {}
            1 => self.push(Message::Ping(Bytes::new())),
            _ => self.inner.outbox.overflow(),
        }
    }

    /// The agent introduces itself: from now on the connection gets what goes to all. Before, it
    /// could make nothing of it, since the greeting tells from where to go on.
    pub(crate) fn set_greeted(&self) {
        self.inner.greeted.store(true, Ordering::Relaxed);
    }

    fn is_greeted(&self) -> bool {
        self.inner.greeted.load(Ordering::Relaxed)
    }

    pub(crate) fn dialect(&self) -> &Dialect {
        &self.inner.dialect
    }

    /// Whether the connection waits for its acknowledgement of a running turn, and gets no live
    /// chunks until then.
    pub(crate) fn is_parked(&self) -> bool {
        self.inner.parked.load(Ordering::Relaxed)
    }

    pub(crate) fn set_parked(&self, parked: bool) {
        self.inner.parked.store(parked, Ordering::Relaxed);
    }

    /// Lets nothing be sent any more.
    pub(crate) fn mark_closed(&self) {
        self.inner.outbox.close();
    }
}

fn is_ours(uri: &Uri) -> bool {
    crate::routing::query_value(uri, "domovoi").is_some_and(|version| version == "1")
}

/// Address and headers of a request in memory of their own: as they are, they hold on to the whole
/// buffer that the request was read into.
fn detached(request: &Parts) -> (Uri, HeaderMap) {
    // What was parsed once can be parsed again.
    let uri = request.uri.to_string().parse().unwrap_or_default();
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for (name, value) in &request.headers {
        if let Ok(mut copy) = HeaderValue::from_bytes(value.as_bytes()) {
            copy.set_sensitive(value.is_sensitive());
            let name = HeaderName::from_bytes(name.as_str().as_bytes()).unwrap_or(name.clone());
            headers.append(name, copy);
        }
    }
    (uri, headers)
}

/// A reason as long as a close frame can carry: 123 bytes.
fn cut_reason(reason: &str) -> &str {
    const LONGEST: usize = 123;
    &reason[..reason.floor_char_boundary(LONGEST)]
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

    /// Removes a connection; whether it was there.
    pub(crate) fn remove(&self, connection: &Connection) -> bool {
        let mut connections = self.connections.lock();
        let position = connections.iter().position(|other| other == connection);
        position.map(|position| connections.remove(position)).is_some()
    }

    /// The connections with this tag.
    pub(crate) fn tagged(&self, tag: &str) -> Vec<Connection> {
        self.connections.lock().iter().filter(|c| c.has_tag(tag)).cloned().collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.connections.lock().is_empty()
    }

    pub(crate) fn all(&self) -> Vec<Connection> {
        self.connections.lock().clone()
    }

    /// Sends the same text to every greeted connection that `to` picks; the bytes are shared.
    pub(crate) fn broadcast(&self, text: impl Into<Utf8Bytes>, to: impl Fn(&Connection) -> bool) {
        let text = text.into();
        let connections = self.connections.lock();
        for connection in connections.iter().filter(|it| it.is_greeted() && to(it)) {
            connection.send_text(text.clone());
        }
    }
}
