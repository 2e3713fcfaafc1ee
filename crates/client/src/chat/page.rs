//! A part of the history, and the parts before it.

use domovoi_protocol::UiMessage;

use super::{Changed, ChatSession, Effect};

/// The newest part of a history, or of what comes before a message of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistoryPage {
    /// The messages, oldest first.
    pub messages: Vec<UiMessage>,
    /// Whether there are messages before them.
    pub has_older: bool,
}

impl HistoryPage {
    /// How many messages a conversation is opened with.
    pub const SIZE: usize = 50;

    /// The newest `limit` of these messages: whoever asks for one more than that learns whether
    /// there are older ones.
    #[must_use]
    pub fn newest_of(mut messages: Vec<UiMessage>, limit: usize) -> Self {
        let older = messages.len().saturating_sub(limit);
        messages.drain(..older);
        Self { messages, has_older: older > 0 }
    }
}

/// The whole history.
impl From<Vec<UiMessage>> for HistoryPage {
    fn from(messages: Vec<UiMessage>) -> Self {
        Self { messages, has_older: false }
    }
}

/// Older messages on their way.
#[derive(Debug, Clone)]
pub(super) struct OlderFetch {
    ticket: u64,
    revision: u64,
    before: String,
}

impl ChatSession {
    /// Whether there are messages before those that are here.
    #[must_use]
    pub fn has_older(&self) -> bool {
        self.has_older
    }

    /// Whether older messages are on their way.
    #[must_use]
    pub fn is_loading_older(&self) -> bool {
        self.older.is_some()
    }

    /// The person wants to see older messages.
    pub fn load_older(&mut self) -> Vec<Effect> {
        if !self.has_older || self.older.is_some() {
            return Vec::new();
        }
        vec![self.ask_for_older(), Effect::Changed(Changed::Messages)]
    }

    fn ask_for_older(&mut self) -> Effect {
        self.last_ticket += 1;
        let (ticket, revision) = (self.last_ticket, self.revision);
        let before = self.transcript.get(0).map(|message| message.id.clone()).unwrap_or_default();
        self.older = Some(OlderFetch { ticket, revision, before: before.clone() });
        Effect::LoadOlder { ticket, before }
    }

    /// The older messages fetched for `ticket` are here. Where the conversation went on while they
    /// were on their way, the session asks for them once more.
    pub fn fetched_older(&mut self, ticket: u64, page: HistoryPage) -> Vec<Effect> {
        let Some(fetch) = self.older.take_if(|fetch| fetch.ticket == ticket) else {
            return Vec::new();
        };
        if self.has_older && fetch.revision != self.revision {
            return vec![self.ask_for_older()];
        }
        if self.transcript.get(0).is_some_and(|first| first.id == fetch.before) {
            self.has_older = page.has_older;
            self.transcript.prepend(page.messages);
        }
        vec![Effect::Changed(Changed::Messages)]
    }

    /// The older messages asked for with `ticket` could not be had; the person may try again.
    pub fn failed_older(&mut self, ticket: u64) -> Vec<Effect> {
        let failed = self.older.take_if(|fetch| fetch.ticket == ticket);
        failed.map(|_| Effect::Changed(Changed::Messages)).into_iter().collect()
    }
}
