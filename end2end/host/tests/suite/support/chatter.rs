//! Our own client, without a page: the connection and the session of `domovoi-client`.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use domovoi_client::{
    AgentClient, AgentOptions, ClientEvent, ReconnectPolicy,
    chat::{ChatSession, ChatStatus, Effect},
    fetch_messages,
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
        self.act(|session| session.submit(text));
        self.session().active_turn().unwrap().to_owned()
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
        let mut changed = self.inner.changed.subscribe();
        let wait = async {
            loop {
                if let Some(wrong) = self.wrong() {
                    panic!("{wrong}, until {what}: {:#?}", *self.session());
                }
                if fits(&self.session()) {
                    return;
                }
                changed.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("never {what}: {:#?}", *self.session());
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
                Effect::RefetchHistory { ticket } => self.fetch(client, ticket),
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

    fn fetch(self: &Arc<Self>, client: &AgentClient, ticket: u64) {
        let (this, weak) = (Arc::clone(self), client.downgrade());
        tokio::spawn(async move {
            // Where it fails, the connection is gone too, and asks again when it is back.
            if let Ok(messages) = fetch_messages(&this.options).await
                && let Some(client) = weak.upgrade()
            {
                let effects = this.session.lock().unwrap().fetched(ticket, messages);
                this.carry_out(&client, effects);
            }
        });
    }
}

/// The text of the last message, where the agent wrote it.
pub(crate) fn answer(session: &ChatSession) -> String {
    let last = session.messages().next_back();
    let last = last.filter(|message| message.role == domovoi_protocol::Role::Assistant);
    last.map(UiMessage::text).unwrap_or_default()
}
