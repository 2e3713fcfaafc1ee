//! One conversation.
//!
//! The state machine of `domovoi_client::chat` decides; this hook carries its effects out and
//! keeps signals in step. Frames are applied as they come, and drawn once per animation frame:
//! each message has a signal of its own, so only what changed is drawn.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use domovoi_client::{
    AgentClient, ClientEvent, ConnectionStatus,
    chat::{Changed, ChatSession, Decision, Effect as Todo, HistoryPage},
};
use domovoi_protocol::{Role, UiMessage};
use leptos::{prelude::*, task::spawn_local};

pub use domovoi_client::chat::ChatStatus;

use super::{http, use_agent::use_client};
use crate::types::{ASSISTANT_AGENT, TurnEnd, TurnOutcome};

/// How long to wait before a history that could not be fetched is asked for again.
const FETCH_AGAIN: Duration = Duration::from_secs(2);

/// The part that says how many answers the model gives before this one.
const QUEUE: &str = "data-queue";

/// What a person is told of an answer that was cut, where the server does not say it.
const CUT_OFF: &str = "This answer was cut off when Domovoi stopped.";

/// A message in the thread. The key stays while the message changes.
#[derive(Debug, Clone)]
pub struct Row {
    /// Names the row.
    pub key: String,
    /// The message; counted by reference, so that it outlives whoever made it.
    pub message: ArcRwSignal<UiMessage>,
}

/// How the last turn ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With an answer.
    Answered,
    /// By a person.
    Stopped,
    /// By the end of the server: what to tell a person.
    Interrupted(String),
    /// It never began.
    Unanswered,
    /// With an error: what to tell a person.
    Failed(String),
}

/// A conversation; see [`use_agent_chat`].
#[derive(Clone, Copy)]
pub struct AgentChat {
    /// The messages, oldest first.
    pub rows: RwSignal<Vec<Row>>,
    /// How the conversation stands.
    pub status: RwSignal<ChatStatus>,
    /// How many answers the model gives before this one.
    pub ahead: RwSignal<u64>,
    /// Why the last turn failed.
    pub error: RwSignal<Option<String>>,
    /// How the connection stands.
    pub connection: RwSignal<ConnectionStatus>,
    /// What the person is writing.
    pub input: RwSignal<String>,
    /// Whether the history is on its way.
    pub is_loading: RwSignal<bool>,
    /// Whether there are messages before those that are shown.
    pub has_older: RwSignal<bool>,
    /// Whether older messages are on their way.
    pub is_loading_older: RwSignal<bool>,
    /// Begin and end of answers in words, for those who listen.
    pub announcement: RwSignal<&'static str>,
    /// The server's history has been heard since the page came.
    is_settled: RwSignal<bool>,
    core: StoredValue<Core>,
    client: StoredValue<Option<AgentClient>>,
}

#[derive(Default)]
struct Core {
    session: ChatSession,
    undrawn: Undrawn,
}

/// What the signals do not show yet.
#[derive(Default)]
struct Undrawn {
    scheduled: bool,
    all: bool,
    messages: BTreeSet<usize>,
    status: bool,
}

/// Opens the conversation `id`. Where its messages are not known, the newest are fetched; of those
/// that are, as many are shown, and one more says that there are older ones.
pub fn use_agent_chat(id: &str, initial: Option<Vec<UiMessage>>) -> AgentChat {
    let is_loading = RwSignal::new(initial.is_none());
    let page = HistoryPage::newest_of(initial.unwrap_or_default(), HistoryPage::SIZE);
    let (rows, has_older) = (rows_of(&page.messages, &[]), page.has_older);
    let core = Core { session: ChatSession::new(page), undrawn: Undrawn::default() };
    let chat = AgentChat {
        rows: RwSignal::new(rows),
        status: RwSignal::new(ChatStatus::Ready),
        ahead: RwSignal::new(0),
        error: RwSignal::new(None),
        connection: RwSignal::new(ConnectionStatus::Connecting),
        input: RwSignal::new(String::new()),
        is_loading,
        has_older: RwSignal::new(has_older),
        is_loading_older: RwSignal::new(false),
        announcement: RwSignal::new(""),
        is_settled: RwSignal::new(false),
        core: StoredValue::new(core),
        client: StoredValue::new(None),
    };
    use_client(chat.client, ASSISTANT_AGENT, id, move |event, status| {
        chat.connection.try_set(status);
        chat.hear(event);
    });
    chat
}

impl AgentChat {
    /// Sends a message.
    pub fn send(&self, text: &str) {
        let text = text.trim().to_owned();
        if !text.is_empty() {
            self.tell(|session| session.submit(text));
        }
    }

    /// Stops the answer that is being written.
    pub fn stop(&self) {
        self.tell(ChatSession::stop);
    }

    /// Asks for another answer to the last message.
    pub fn retry(&self) {
        self.tell(ChatSession::regenerate);
    }

    /// Shows older messages.
    pub fn load_older(&self) {
        self.tell(ChatSession::load_older);
    }

    /// Answers a tool call that waits for a person.
    pub fn decide(&self, tool_call_id: &str, decision: Decision) {
        self.tell(|session| session.add_tool_approval(tool_call_id, decision));
    }

    /// Clears the conversation, for everyone.
    pub fn clear(&self) {
        self.tell(ChatSession::clear);
    }

    /// Sets what the person is writing.
    pub fn set_input(&self, text: &str) {
        self.input.set(text.to_owned());
    }

    /// Whether an answer is being written or about to be.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.status.get(), ChatStatus::Submitted | ChatStatus::Streaming)
    }

    /// Whether what the person has written can be sent.
    #[must_use]
    pub fn can_send(&self) -> bool {
        !self.is_busy() && !self.is_loading.get() && self.input.with(|text| !text.trim().is_empty())
    }

    /// Whether the message of the row `key` is being written.
    #[must_use]
    pub fn is_streaming(&self, key: &str) -> bool {
        self.status.get() == ChatStatus::Streaming
            && self.rows.with(|rows| rows.last().is_some_and(|row| row.key == key))
    }

    /// How the last turn ended; nothing while one is going on, or before the first.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        if self.is_busy() {
            return None;
        }
        let last = self.rows.with(|rows| rows.last().cloned())?;
        if let Some(error) = self.error.get() {
            return Some(Ending::Failed(readable(&error)));
        }
        let (role, turn) = last.message.with(|message| (message.role, TurnEnd::of(message)));
        match (role, turn) {
            // Before the server has been heard, an answer may be on its way.
            (Role::User, _) => self.is_settled.get().then_some(Ending::Unanswered),
            (_, None) => Some(Ending::Answered),
            (_, Some(TurnEnd { outcome: TurnOutcome::Aborted, .. })) => Some(Ending::Stopped),
            (_, Some(TurnEnd { outcome: TurnOutcome::Interrupted, error })) => {
                Some(Ending::Interrupted(error.unwrap_or_else(|| CUT_OFF.to_owned())))
            }
            (_, Some(TurnEnd { outcome: TurnOutcome::Error, error })) => {
                Some(Ending::Failed(readable(&error.unwrap_or_default())))
            }
        }
    }

    /// Something happened on the connection.
    fn hear(&self, event: &ClientEvent) {
        match event {
            ClientEvent::Open => self.tell(ChatSession::opened),
            ClientEvent::Closed { .. } => self.tell(|session| {
                session.closed();
                vec![Todo::Changed(Changed::Status)]
            }),
            ClientEvent::Frame(frame) => self.tell(|session| session.handle(frame)),
            _ => {}
        }
    }

    /// Tells the session something and does what it wants done.
    fn tell(&self, tell: impl FnOnce(&mut ChatSession) -> Vec<Todo>) {
        let todo = self.core.try_update_value(|core| {
            let todo = tell(&mut core.session);
            core.undrawn.note(&todo);
            todo
        });
        for todo in todo.unwrap_or_default() {
            match todo {
                Todo::Send(frame) => {
                    if let Some(Some(client)) = self.client.try_get_value() {
                        // A client that is closed for good says so in `connection`.
                        let _ = client.send_frame(&frame);
                    }
                }
                Todo::RefetchHistory { ticket } => self.fetch(ticket),
                Todo::LoadOlder { ticket, before } => self.fetch_older(ticket, before),
                Todo::Data(part) if part.kind == QUEUE => {
                    let ahead = part.data.as_ref().and_then(|data| data["ahead"].as_u64());
                    self.ahead.try_set(ahead.unwrap_or_default());
                }
                _ => {}
            }
        }
        self.draw_soon();
    }

    fn fetch(&self, ticket: u64) {
        let chat = *self;
        let Some(Some(client)) = self.client.try_get_value() else { return };
        spawn_local(async move {
            let history = http::history(client.options(), None).await;
            match history {
                // The component may be gone by now.
                Some(history) if chat.is_loading.try_set(false).is_none() => {
                    chat.tell(|session| session.fetched(ticket, history));
                    chat.is_settled.try_set(true);
                }
                Some(_) => {}
                None => {
                    set_timeout(move || chat.tell(|session| vec![session.refetch()]), FETCH_AGAIN)
                }
            }
        });
    }

    fn fetch_older(&self, ticket: u64, before: String) {
        let chat = *self;
        let Some(Some(client)) = self.client.try_get_value() else { return };
        spawn_local(async move {
            let page = http::history(client.options(), Some(&before)).await;
            // The component may be gone by now.
            if chat.is_loading_older.try_get_untracked().is_some() {
                chat.tell(|session| match page {
                    Some(page) => session.fetched_older(ticket, page),
                    None => session.failed_older(ticket),
                });
            }
        });
    }

    fn draw_soon(&self) {
        let chat = *self;
        let schedule = self.core.try_update_value(|core| {
            let undrawn = &mut core.undrawn;
            let schedule = undrawn.is_anything() && !undrawn.scheduled;
            undrawn.scheduled |= schedule;
            schedule
        });
        if schedule != Some(true) {
            return;
        }
        if document().hidden() {
            // Nothing is animated in a page nobody sees.
            chat.draw();
        } else {
            request_animation_frame(move || chat.draw());
        }
    }

    fn draw(&self) {
        let chat = *self;
        self.core.try_update_value(move |core| {
            let undrawn = std::mem::take(&mut core.undrawn);
            chat.draw_messages(&core.session, &undrawn);
            chat.draw_older(&core.session);
            if undrawn.status {
                chat.draw_status(&core.session);
            }
        });
    }

    fn draw_messages(&self, session: &ChatSession, undrawn: &Undrawn) {
        let known = self.rows.with_untracked(Vec::len);
        let new = undrawn.messages.last().is_some_and(|index| *index >= known);
        if undrawn.all || new {
            let messages: Vec<_> = session.messages().cloned().collect();
            let rows = self.rows.with_untracked(|old| rows_of(&messages, old));
            let same = self.rows.with_untracked(|old| {
                old.len() == rows.len() && old.iter().zip(&rows).all(|(a, b)| a.key == b.key)
            });
            if !same {
                self.rows.set(rows);
            }
            return;
        }
        for index in &undrawn.messages {
            let row = self.rows.with_untracked(|rows| rows.get(*index).cloned());
            if let (Some(row), Some(message)) = (row, session.message(*index)) {
                row.message.set(message.clone());
            }
        }
    }

    fn draw_older(&self, session: &ChatSession) {
        for (signal, now) in [
            (self.has_older, session.has_older()),
            (self.is_loading_older, session.is_loading_older()),
        ] {
            if signal.get_untracked() != now {
                signal.set(now);
            }
        }
    }

    fn draw_status(&self, session: &ChatSession) {
        let (old, new) = (self.status.get_untracked(), session.status());
        self.error.set(session.error().map(str::to_owned));
        if old != new {
            self.status.set(new);
            if !matches!(new, ChatStatus::Submitted | ChatStatus::Streaming) {
                self.ahead.set(0);
            }
            self.announcement.set(match (old, new) {
                (_, ChatStatus::Submitted) => "Domovoi is answering.",
                (ChatStatus::Streaming, ChatStatus::Ready) => "The answer is complete.",
                _ => "",
            });
        }
    }
}

impl Undrawn {
    fn note(&mut self, todo: &[Todo]) {
        for todo in todo {
            match todo {
                Todo::Changed(Changed::Messages) => self.all = true,
                Todo::Changed(Changed::Message(index) | Changed::Part { message: index, .. }) => {
                    self.messages.insert(*index);
                }
                Todo::Changed(Changed::Status) => self.status = true,
                _ => {}
            }
        }
    }

    fn is_anything(&self) -> bool {
        self.all || self.status || !self.messages.is_empty()
    }
}

/// Rows for these messages; those that were there before keep their signals, which are set
/// where their message has changed.
fn rows_of(messages: &[UiMessage], old: &[Row]) -> Vec<Row> {
    let old: HashMap<&str, &Row> = old.iter().map(|row| (row.key.as_str(), row)).collect();
    let mut keys = BTreeSet::new();
    messages
        .iter()
        .enumerate()
        .map(|(index, message)| {
            let mut key = message.id.clone();
            if !keys.insert(key.clone()) {
                // Ids are unique by contract; a list with twins would not be drawn at all.
                key = format!("{key}#{index}");
            }
            match old.get(key.as_str()) {
                Some(row) => {
                    if row.message.with_untracked(|old| old != message) {
                        row.message.set(message.clone());
                    }
                    (*row).clone()
                }
                None => Row { key, message: ArcRwSignal::new(message.clone()) },
            }
        })
        .collect()
}

/// An error as a sentence.
fn readable(error: &str) -> String {
    let error = error.trim();
    let mut characters = error.chars();
    match characters.next() {
        None => "Something went wrong while answering.".to_owned(),
        Some(first) => first.to_uppercase().chain(characters).collect(),
    }
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::{Role, UiMessage};
    use leptos::prelude::*;

    use super::{readable, rows_of};

    #[test]
    fn rows_keep_their_signals() {
        let one = UiMessage::new("1", Role::User, "one");
        let two = UiMessage::new("2", Role::Assistant, "two");
        let rows = rows_of(std::slice::from_ref(&one), &[]);
        let more = rows_of(&[one, two.clone(), two], &rows);
        rows[0].message.update(|message| message.id.push('!'));
        assert_eq!(more[0].message.get_untracked().id, "1!");
        let keys: Vec<_> = more.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["1", "2", "2#2"]);
    }

    #[test]
    fn errors_are_sentences() {
        assert_eq!(readable("the model is gone"), "The model is gone");
        assert_eq!(readable(" "), "Something went wrong while answering.");
    }
}
