//! One client's connection as a state machine: what waits to be sent, which calls wait for
//! answers, whether to try again. The platform's socket drives it and does the sending.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use domovoi_protocol::{ServerFrame, connection::IdentityFrame, rpc::RpcRequest};
use futures::{
    channel::{mpsc, oneshot},
    future::{Either, select},
};
use serde_json::Value;

use crate::{
    AgentOptions, ClientError, ClientEvent, ConnectionStatus,
    calls::{Calls, PendingCall},
    listeners::Listeners,
    lock::locked,
    platform,
    reconnect::random_share,
};

/// State shared by the handles of a client and the task that keeps it connected.
pub(crate) struct Link {
    pub(crate) options: AgentOptions,
    pub(crate) listeners: Arc<Listeners>,
    state: Mutex<State>,
}

struct State {
    status: ConnectionStatus,
    started: bool,
    attempt: u32,
    outbox: VecDeque<Outgoing>,
    calls: Calls,
    /// Tells the socket that there is something to send; present while it is open.
    wake: Option<platform::Wake>,
    close: Option<oneshot::Sender<()>>,
    ending: Option<(u16, String)>,
    identity: Option<IdentityFrame>,
    /// The identity said that the state comes right after it.
    state_awaited: bool,
    ready: Vec<oneshot::Sender<IdentityFrame>>,
}

/// A message to send.
pub(crate) enum Message {
    Text(String),
    Binary(Vec<u8>),
}

struct Outgoing {
    message: Message,
    call: Option<String>,
}

/// How a socket ended, or why it did not open.
pub(crate) struct Ending {
    pub(crate) code: u16,
    pub(crate) reason: String,
    /// Whether another attempt would end the same way.
    pub(crate) terminal: bool,
}

impl Ending {
    /// By a close code: 1008 and 4000 to 4999 forbid another attempt.
    pub(crate) fn by_code(code: u16, reason: String) -> Self {
        Self { code, reason, terminal: code == 1008 || (4000..5000).contains(&code) }
    }
}

impl Link {
    pub(crate) fn new(options: AgentOptions) -> Self {
        let state = State {
            status: ConnectionStatus::Connecting,
            started: false,
            attempt: 0,
            outbox: VecDeque::new(),
            calls: Calls::default(),
            wake: None,
            close: None,
            ending: None,
            identity: None,
            state_awaited: false,
            ready: Vec::new(),
        };
        Self { options, listeners: Arc::default(), state: Mutex::new(state) }
    }

    /// Connects and keeps connected, until closed. A second start does nothing.
    pub(crate) fn start(self: &Arc<Self>) {
        let (close, closing) = oneshot::channel();
        {
            let mut state = locked(&self.state);
            if state.started || state.ending.is_some() {
                return;
            }
            state.started = true;
            state.close = Some(close);
        }
        if !platform::spawn(drive(Arc::clone(self), closing)) {
            self.close(1006, "there is no tokio runtime here");
        }
    }

    /// Closes for good and fails every call.
    pub(crate) fn close(&self, code: u16, reason: &str) {
        {
            let mut state = locked(&self.state);
            if state.ending.is_some() {
                return;
            }
            state.ending = Some((code, reason.to_owned()));
            state.status = ConnectionStatus::Closed;
            state.identity = None;
            state.ready.clear();
            state.outbox.retain(|outgoing| outgoing.call.is_none());
            state.calls.close(code, reason);
            if let Some(close) = state.close.take() {
                let _ = close.send(());
            }
        }
        let reason = reason.to_owned();
        self.listeners.emit(ClientEvent::Closed { code, reason, will_reconnect: false });
        self.listeners.finish();
    }

    pub(crate) fn status(&self) -> ConnectionStatus {
        locked(&self.state).status
    }

    pub(crate) fn identity(&self) -> Option<IdentityFrame> {
        locked(&self.state).identity.clone()
    }

    /// Resolves when the agent has introduced itself.
    pub(crate) fn ready(&self) -> Result<oneshot::Receiver<IdentityFrame>, ClientError> {
        let (sender, receiver) = oneshot::channel();
        let mut state = locked(&self.state);
        state.check_open_ended()?;
        match &state.identity {
            Some(identity) if !state.state_awaited => {
                let _ = sender.send(identity.clone());
            }
            _ => state.ready.push(sender),
        }
        Ok(receiver)
    }

    /// Why the connection is closed for good.
    pub(crate) fn closed_error(&self) -> ClientError {
        match locked(&self.state).check_open_ended() {
            Err(error) => error,
            Ok(()) => ClientError::ConnectionLost,
        }
    }

    /// Sends now or, while there is no connection, when there is one.
    pub(crate) fn send(&self, message: Message) -> Result<(), ClientError> {
        self.push(message, None, None)
    }

    /// Sends now or not at all.
    pub(crate) fn send_if_open(&self, message: Message) -> Result<(), ClientError> {
        match self.status() {
            ConnectionStatus::Open => self.send(message),
            _ => Ok(()),
        }
    }

    /// Sends a call; its answers come through what is returned.
    pub(crate) fn call(
        self: &Arc<Self>,
        method: &str,
        args: Vec<Value>,
    ) -> Result<PendingCall, ClientError> {
        let id = uuid::Uuid::new_v4().to_string();
        let request = RpcRequest { id: id.clone(), method: method.to_owned(), args };
        let message = Message::Text(domovoi_protocol::ClientFrame::Rpc(request).to_json());
        let (sender, answers) = mpsc::unbounded();
        self.push(message, Some(id.clone()), Some(sender))?;
        Ok(PendingCall { id, link: Arc::clone(self), answers })
    }

    fn push(
        &self,
        message: Message,
        call: Option<String>,
        answers: Option<
            mpsc::UnboundedSender<Result<domovoi_protocol::rpc::RpcResponse, ClientError>>,
        >,
    ) -> Result<(), ClientError> {
        let wake = {
            let mut state = locked(&self.state);
            state.check_open_ended()?;
            if state.outbox.len() >= self.options.max_queued {
                return Err(ClientError::QueueFull);
            }
            if let (Some(id), Some(answers)) = (&call, answers) {
                state.calls.add(id.clone(), answers);
            }
            state.outbox.push_back(Outgoing { message, call });
            state.wake.clone()
        };
        if let Some(wake) = wake {
            wake.wake(self);
        }
        Ok(())
    }

    pub(crate) fn forget_call(&self, id: &str) {
        let mut state = locked(&self.state);
        state.calls.remove(id);
        state.outbox.retain(|outgoing| outgoing.call.as_deref() != Some(id));
    }

    /// The next message to send; the socket calls it when it can send.
    pub(crate) fn next_outgoing(&self) -> Option<Message> {
        let mut state = locked(&self.state);
        let outgoing = state.outbox.pop_front()?;
        if let Some(id) = &outgoing.call {
            state.calls.mark_sent(id);
        }
        Some(outgoing.message)
    }

    fn connecting(&self) {
        self.listeners.emit(ClientEvent::Connecting);
    }

    /// The socket is open.
    pub(crate) fn opened(&self, wake: platform::Wake) {
        {
            let mut state = locked(&self.state);
            if state.ending.is_some() {
                return;
            }
            state.status = ConnectionStatus::Open;
            state.wake = Some(wake.clone());
        }
        wake.wake(self);
        self.listeners.emit(ClientEvent::Open);
    }

    /// A text message has come.
    pub(crate) fn received_text(&self, text: &str) {
        let event = match ServerFrame::parse(text) {
            Ok(Some(frame)) => ClientEvent::Frame(frame),
            Ok(None) => ClientEvent::Text(text.to_owned()),
            Err(error) => ClientEvent::Malformed(error.to_string()),
        };
        let event = {
            let mut state = locked(&self.state);
            if state.ending.is_some() {
                return;
            }
            // Whoever speaks is up: the next loss of the connection begins a new series.
            state.attempt = 0;
            match event {
                ClientEvent::Frame(ServerFrame::Rpc(answer)) => match state.calls.answer(answer) {
                    Ok(()) => return,
                    Err(answer) => ClientEvent::Frame(ServerFrame::Rpc(answer)),
                },
                event => {
                    state.note_readiness(&event);
                    event
                }
            }
        };
        self.listeners.emit(event);
    }

    /// A binary message has come.
    pub(crate) fn received_binary(&self, bytes: Vec<u8>) {
        let ended = locked(&self.state).ending.is_some();
        if !ended {
            self.listeners.emit(ClientEvent::Binary(bytes));
        }
    }

    /// The socket has closed, or did not open. Returns how long to wait before the next attempt.
    fn ended(&self, ending: Ending) -> Option<Duration> {
        if ending.terminal {
            self.close(ending.code, &ending.reason);
            return None;
        }
        let delay = {
            let mut state = locked(&self.state);
            if state.ending.is_some() {
                return None;
            }
            state.attempt = state.attempt.saturating_add(1);
            state.status = ConnectionStatus::Reconnecting { attempt: state.attempt };
            state.wake = None;
            state.identity = None;
            state.calls.lose_sent();
            self.options.reconnect.delay(state.attempt, random_share())
        };
        let Ending { code, reason, .. } = ending;
        self.listeners.emit(ClientEvent::Closed { code, reason, will_reconnect: true });
        Some(delay)
    }
}

impl State {
    fn check_open_ended(&self) -> Result<(), ClientError> {
        match &self.ending {
            None => Ok(()),
            Some((code, reason)) => {
                Err(ClientError::Closed { code: *code, reason: reason.clone() })
            }
        }
    }

    fn note_readiness(&mut self, event: &ClientEvent) {
        match event {
            ClientEvent::Frame(ServerFrame::Identity(identity)) => {
                self.identity = Some(identity.clone());
                self.state_awaited = identity.state_follows == Some(true);
            }
            ClientEvent::Frame(ServerFrame::State(_)) => self.state_awaited = false,
            _ => return,
        }
        if let (false, Some(identity)) = (self.state_awaited, &self.identity) {
            for waiting in self.ready.drain(..) {
                let _ = waiting.send(identity.clone());
            }
        }
    }
}

/// Connects, again and again.
async fn drive(link: Arc<Link>, mut closing: oneshot::Receiver<()>) {
    loop {
        link.connecting();
        let ending = platform::run(&link, &mut closing).await;
        let Some(delay) = link.ended(ending) else {
            return;
        };
        let wait = std::pin::pin!(platform::sleep(delay));
        if let Either::Left(_) = select(&mut closing, wait).await {
            return;
        }
    }
}
