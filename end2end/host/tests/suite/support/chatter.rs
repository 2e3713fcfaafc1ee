//! Our own client, without a page: the connection and the session of `domovoi-client`.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use domovoi_client::{
    AgentClient, AgentOptions, ClientEvent, ReconnectPolicy,
    chat::{ChatSession, ChatStatus, Effect, HistoryPage},
    fetch_page,
};
use domovoi_protocol::{ClientFrame, UiMessage};
use tokio::sync::watch;

use super::PATIENCE;

/// Reconnects as quickly as a test wants it.
const QUICK: ReconnectPolicy = ReconnectPolicy {
    first: Duration::from_millis(5),
    factor: 2.0,
    max: Duration::from_millis(100),
    jitter: 0.5,
};

/// What is found wrong with a session, looked at after each change.
type Check = Box<dyn Fn(&ChatSession) -> Result<(), String> + Send>;

/// One client in one conversation.
pub(crate) struct Chatter {
    client: AgentClient,
    inner: Arc<Inner>,
}

struct Inner {
    options: AgentOptions,
    session: Mutex<ChatSession>,
    check: Mutex<Option<Check>>,
    wrong: Mutex<Option<String>>,
    changed: watch::Sender<()>,
}

impl Chatter {
    /// Joins a conversation; returns before it is connected.
    pub(crate) fn join(address: &str, agent: &str, name: &str) -> Self {
        let options =
            AgentOptions::new(agent, name).base(format!("ws://{address}")).reconnect(QUICK);
        let client = AgentClient::new(options.clone());
        let inner = Arc::new(Inner {
            options,
            session: Mutex::default(),
            check: Mutex::default(),
            wrong: Mutex::default(),
            changed: watch::Sender::new(()),
        });
        let (this, weak) = (Arc::clone(&inner), client.downgrade());
        client
            .on_event(move |event| {
                if let Some(client) = weak.upgrade() {
                    this.heard(&client, event);
                }
            })
            .forget();
        client.start();
        Self { client, inner }
    }

    /// Looks at the session after every change from now on; what is wrong fails the test where
    /// it waits.
    pub(crate) fn check(
        &self,
        check: impl Fn(&ChatSession) -> Result<(), String> + Send + 'static,
    ) {
        *self.inner.check.lock().unwrap() = Some(Box::new(check));
    }

    pub(crate) fn session(&self) -> MutexGuard<'_, ChatSession> {
        self.inner.session.lock().unwrap()
    }

    /// Says something and answers the turn's id.
    pub(crate) fn say(&self, text: &str) -> String {
        self.begin(|session| session.submit(text))
    }

    /// Says something with an id of the test's own, and answers the turn's id.
    pub(crate) fn say_message(&self, message: UiMessage) -> String {
        self.begin(|session| session.submit_message(message))
    }

    fn begin(&self, act: impl FnOnce(&mut ChatSession) -> Vec<Effect>) -> String {
        let (effects, turn) = {
            // Looked at later, the newest turn may be another client's.
            let mut session = self.session();
            let effects = act(&mut session);
            (effects, session.active_turn().unwrap().to_owned())
        };
        self.inner.carry_out(&self.client, effects);
        turn
    }

    /// Does something with the session.
    pub(crate) fn act(&self, act: impl FnOnce(&mut ChatSession) -> Vec<Effect>) {
        let effects = act(&mut self.session());
        self.inner.carry_out(&self.client, effects);
    }

    /// Sends a frame of the test's own.
    pub(crate) fn send(&self, frame: ClientFrame) {
        self.client.send_frame(&frame).unwrap();
    }

    /// What is wrong, where anything was.
    pub(crate) fn wrong(&self) -> Option<String> {
        self.inner.wrong.lock().unwrap().clone()
    }

    /// Waits until the session is so.
    pub(crate) async fn until(&self, what: &str, fits: impl Fn(&ChatSession) -> bool) {
        if !self.comes(what, fits).await {
            panic!("never {what}: {}", end_of(&self.session()));
        }
    }

    /// Waits until the session is so; whether it came to that.
    async fn comes(&self, what: &str, fits: impl Fn(&ChatSession) -> bool) -> bool {
        let mut changed = self.inner.changed.subscribe();
        let wait = async {
            loop {
                if let Some(wrong) = self.wrong() {
                    panic!("{wrong}, until {what}: {}", end_of(&self.session()));
                }
                if fits(&self.session()) {
                    return;
                }
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.is_ok()
    }

    /// Waits until all of this history is here, and nothing else.
    pub(crate) async fn agrees(&self, history: &[UiMessage]) {
        while !self.session().messages().eq(history) {
            if self.session().has_older() {
                self.act(ChatSession::load_older);
                self.until("with older messages", |it| !it.is_loading_older()).await;
                continue;
            }
            // A page that is fetched anew may leave older messages out again.
            let comes = |it: &ChatSession| it.has_older() || it.messages().eq(history);
            if !self.comes("as the server has it", comes).await {
                let session = self.session();
                let mut pairs = session.messages().zip(history);
                let lengths = (session.messages().len(), history.len());
                let first = pairs.position(|(here, there)| here != there);
                let place = first.unwrap_or(lengths.0.min(lengths.1));
                let pair = (session.message(place), history.get(place));
                panic!("{lengths:?} messages are here and there, at {place} {pair:#?}");
            }
        }
    }

    /// Waits until no turn runs, as far as this client knows.
    pub(crate) async fn rest(&self) {
        let at_rest = |session: &ChatSession| {
            matches!(session.status(), ChatStatus::Ready | ChatStatus::Error)
        };
        self.until("at rest", at_rest).await;
    }
}

impl Inner {
    fn heard(self: &Arc<Self>, client: &AgentClient, event: &ClientEvent) {
        let effects = {
            let mut session = self.session.lock().unwrap();
            match event {
                ClientEvent::Open => session.opened(),
                ClientEvent::Closed { .. } => {
                    session.closed();
                    Vec::new()
                }
                ClientEvent::Frame(frame) => session.handle(frame),
                ClientEvent::Malformed(what) => panic!("{what}"),
                _ => return,
            }
        };
        self.carry_out(client, effects);
    }

    fn carry_out(self: &Arc<Self>, client: &AgentClient, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                // A client that is closed has nothing more to say.
                Effect::Send(frame) => drop(client.send_frame(&frame)),
                Effect::RefetchHistory { ticket } => self.fetch(client, ticket, None),
                Effect::LoadOlder { ticket, before } => self.fetch(client, ticket, Some(before)),
                _ => {}
            }
        }
        let wrong = match &*self.check.lock().unwrap() {
            Some(check) => check(&self.session.lock().unwrap()).err(),
            None => None,
        };
        if let Some(wrong) = wrong {
            self.wrong.lock().unwrap().get_or_insert(wrong);
        }
        self.changed.send_replace(());
    }

    /// Fetches the newest page of the history, or the one before a message.
    fn fetch(self: &Arc<Self>, client: &AgentClient, ticket: u64, before: Option<String>) {
        let (this, weak) = (Arc::clone(self), client.downgrade());
        tokio::spawn(async move {
            let page = fetch_page(&this.options, before.as_deref(), HistoryPage::SIZE).await;
            let Some(client) = weak.upgrade() else { return };
            let effects = {
                let mut session = this.session.lock().unwrap();
                match (page, before) {
                    (Ok(page), None) => session.fetched(ticket, page),
                    (Ok(page), Some(_)) => session.fetched_older(ticket, page),
                    // The connection is gone too, and asks again when it is back.
                    (Err(_), None) => return,
                    (Err(_), Some(_)) => session.failed_older(ticket),
                }
            };
            this.carry_out(&client, effects);
        });
    }
}

/// How a session stands: its newest messages, and all but the messages.
fn end_of(session: &ChatSession) -> String {
    let newest: Vec<_> = session.messages().rev().take(6).map(|it| (&it.id, it.text())).collect();
    let all = format!("{session:#?}");
    let rest = all.find("\n    turns: [").map_or(&*all, |begin| &all[begin..]);
    format!("{newest:#?}{rest}")
}

/// The text of the last message, where the agent wrote it.
pub(crate) fn answer(session: &ChatSession) -> String {
    let last = session.messages().next_back();
    let last = last.filter(|message| message.role == domovoi_protocol::Role::Assistant);
    last.map(UiMessage::text).unwrap_or_default()
}
