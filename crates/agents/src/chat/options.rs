//! What a chat agent can decide about its turns.

use std::time::Duration;

/// How a chat agent treats its conversation; see
/// [`AiChatAgent::chat_options`](super::AiChatAgent::chat_options).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatOptions {
    /// What becomes of a question that comes while an answer is being written.
    pub concurrency: Concurrency,
    /// Messages that are kept; older ones are deleted. Default: all.
    pub max_persisted_messages: Option<usize>,
}

impl ChatOptions {
    /// Sets what becomes of a question that comes while an answer is being written.
    #[must_use]
    pub fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// Keeps no more than this many messages.
    #[must_use]
    pub fn max_persisted_messages(mut self, messages: usize) -> Self {
        self.max_persisted_messages = Some(messages);
        self
    }
}

/// What becomes of a question that comes while an answer is being written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Concurrency {
    /// It is answered after those before it.
    #[default]
    Queue,
    /// Of those that wait only the newest is answered; the others are kept in the history.
    Latest,
    /// Those that wait become one message, which is answered.
    Merge,
    /// It is refused and not kept.
    Drop,
    /// As [`Concurrency::Latest`], and also where nothing is being written: the newest is answered
    /// when no other has come for this long.
    Debounce(Duration),
}
