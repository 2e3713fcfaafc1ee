//! A conversation for a native program: the session, its connection, and tools that run here.

use std::{
    fmt,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use domovoi_protocol::UiMessage;
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::watch;

use super::{
    ChatSession, ChatStatus, Decision, Effect, HistoryPage,
    local_tool::{Call, LocalTool, Registry},
};
use crate::{AgentClient, AgentOptions, ClientError, ClientEvent, fetch_page, lock::locked};

/// How long to wait before a history that could not be fetched is asked for again.
const FETCH_AGAIN: Duration = Duration::from_secs(2);

/// A conversation with a chat agent. It stays in step with the server for as long as it lives: what
/// others say is in it too. Clones are the same conversation.
///
/// ```no_run
/// use domovoi_client::{AgentOptions, chat::{ChatClient, ChatStatus}};
///
/// # async fn example() -> Result<(), domovoi_client::ClientError> {
/// let chat = ChatClient::connect(AgentOptions::new("Assistant", "home"));
/// chat.send("Good morning!");
/// let last = chat.answer().await?;
/// println!("{}", last.text());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ChatClient {
    inner: Arc<Inner>,
}

struct Inner {
    client: AgentClient,
    core: Mutex<Core>,
    /// Counts what was heard and done.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Core {
    session: ChatSession,
    tools: Registry,
}

impl Core {
    fn is_over(&self) -> bool {
        matches!(self.session.status(), ChatStatus::Ready | ChatStatus::Error)
            && !self.tools.is_awaited(&self.session)
    }
}

impl ChatClient {
    /// Opens a conversation. Must be called within a tokio runtime.
    #[must_use]
    pub fn connect(options: AgentOptions) -> Self {
        Self::connect_with(options, [])
    }

    /// As [`ChatClient::connect`], with tools that run here.
    #[must_use]
    pub fn connect_with(options: AgentOptions, tools: impl IntoIterator<Item = LocalTool>) -> Self {
        let mut core = Core::default();
        for tool in tools {
            core.tools.add(tool);
        }
        core.session.set_client_tools(core.tools.describe());
        let client = AgentClient::new(options);
        let mut events = client.events();
        let changes = watch::Sender::new(0);
        let this = Self { inner: Arc::new(Inner { client, core: Mutex::new(core), changes }) };
        let weak = Arc::downgrade(&this.inner);
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let Some(this) = Self::upgrade(&weak) else { return };
                this.hear(&event);
            }
        });
        this.inner.client.start();
        this
    }

    fn upgrade(weak: &Weak<Inner>) -> Option<Self> {
        weak.upgrade().map(|inner| Self { inner })
    }

    /// The connection, to call the agent's methods with for instance.
    #[must_use]
    pub fn client(&self) -> &AgentClient {
        &self.inner.client
    }

    /// Reads the session.
    pub fn with<T>(&self, read: impl FnOnce(&ChatSession) -> T) -> T {
        read(&locked(&self.inner.core).session)
    }

    /// The messages that are here, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<UiMessage> {
        self.with(|session| session.messages().cloned().collect())
    }

    /// How the conversation stands.
    #[must_use]
    pub fn status(&self) -> ChatStatus {
        self.with(ChatSession::status)
    }

    /// Sends a message.
    pub fn send(&self, text: impl Into<String>) {
        self.tell(|session| session.submit(text));
    }

    /// Sends a message; one with the id of an earlier one takes its place, and what came after that
    /// is left.
    pub fn send_message(&self, message: UiMessage) {
        self.tell(|session| session.submit_message(message));
    }

    /// Asks for another answer to the last message of the person's.
    pub fn regenerate(&self) {
        self.tell(ChatSession::regenerate);
    }

    /// Stops the answer that is being written.
    pub fn stop(&self) {
        self.tell(ChatSession::stop);
    }

    /// Clears the conversation, for everyone.
    pub fn clear(&self) {
        self.tell(ChatSession::clear);
    }

    /// Writes messages into the history, here and at the server.
    pub fn set_messages(&self, messages: Vec<UiMessage>) {
        self.tell(|session| session.set_messages(messages));
    }

    /// Loads the messages before those that are here; [`ChatSession::has_older`] says whether there
    /// are any.
    pub fn load_older(&self) {
        self.tell(ChatSession::load_older);
    }

    /// Answers a call of a tool that runs in the client.
    pub fn add_tool_result(&self, tool_call_id: &str, result: Result<Value, String>) {
        self.tell(|session| session.add_tool_result(tool_call_id, result));
    }

    /// Decides over a call that waits for a person.
    pub fn add_tool_approval(&self, tool_call_id: &str, decision: Decision) {
        self.tell(|session| session.add_tool_approval(tool_call_id, decision));
    }

    /// Tells when something has changed. The number means nothing.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Waits until the conversation is so.
    pub async fn until(&self, mut is_so: impl FnMut(&ChatSession) -> bool) {
        let mut changes = self.changes();
        while !self.with(&mut is_so) {
            // The sender lives in `self`.
            let _ = changes.changed().await;
        }
    }

    /// Waits until nothing is being answered any more, and gives the last message.
    ///
    /// # Errors
    /// [`ClientError::Remote`] with the agent's words where the answer failed, or where there is
    /// no message.
    pub async fn answer(&self) -> Result<UiMessage, ClientError> {
        let mut changes = self.changes();
        while !locked(&self.inner.core).is_over() {
            // The sender lives in `self`.
            let _ = changes.changed().await;
        }
        self.with(|session| match (session.error(), session.messages().next_back()) {
            (Some(error), _) => Err(ClientError::Remote(error.to_owned())),
            (None, Some(last)) => Ok(last.clone()),
            (None, None) => Err(ClientError::Remote("there is no message".to_owned())),
        })
    }

    fn hear(&self, event: &ClientEvent) {
        match event {
            ClientEvent::Open => self.tell(ChatSession::opened),
            ClientEvent::Closed { .. } => self.tell(|session| {
                session.closed();
                Vec::new()
            }),
            ClientEvent::Frame(frame) => self.tell(|session| session.handle(frame)),
            _ => {}
        }
    }

    /// Tells the session something and does what it wants done.
    fn tell(&self, tell: impl FnOnce(&mut ChatSession) -> Vec<Effect>) {
        let calls = {
            let core = &mut *locked(&self.inner.core);
            for effect in tell(&mut core.session) {
                match effect {
                    // A client that is closed has nothing more to say.
                    Effect::Send(frame) => drop(self.inner.client.send_frame(&frame)),
                    Effect::RefetchHistory { ticket } => self.fetch(ticket, None),
                    Effect::LoadOlder { ticket, before } => self.fetch(ticket, Some(before)),
                    _ => {}
                }
            }
            core.tools.take_up(&core.session)
        };
        calls.into_iter().for_each(|call| self.run(call));
        self.inner.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    fn run(&self, Call { id, input, run }: Call) {
        let weak = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            let result = run(input).await;
            if let Some(this) = Self::upgrade(&weak) {
                this.add_tool_result(&id, result);
            }
        });
    }

    fn fetch(&self, ticket: u64, before: Option<String>) {
        let (weak, options) = (Arc::downgrade(&self.inner), self.inner.client.options().clone());
        tokio::spawn(async move {
            let page = fetch_page(&options, before.as_deref(), HistoryPage::SIZE).await;
            if page.is_err() && before.is_none() {
                tokio::time::sleep(FETCH_AGAIN).await;
            }
            let Some(this) = Self::upgrade(&weak) else { return };
            this.tell(|session| match (page, before) {
                (Ok(page), None) => session.fetched(ticket, page),
                (Ok(page), Some(_)) => session.fetched_older(ticket, page),
                (Err(_), None) => vec![session.refetch()],
                (Err(_), Some(_)) => session.failed_older(ticket),
            });
        });
    }
}

impl fmt::Debug for ChatClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatClient").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.client.close();
    }
}
