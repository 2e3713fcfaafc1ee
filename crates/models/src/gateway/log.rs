//! What was asked, and what it cost.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Feedback, Period};
use crate::Usage;

/// How a request ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// It has not ended.
    #[default]
    Running,
    /// With a whole answer of a model.
    Answered,
    /// With an answer that was there already.
    Cached,
    /// Whoever asked did not want to hear the rest.
    Stopped,
    /// With an error, before the answer or in the middle of it.
    Failed,
    /// A limit was reached; no model was asked.
    Refused,
    /// The process ended first.
    Interrupted,
}

impl Outcome {
    /// Every outcome with its name, as the log has it.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Running, "running"),
        (Self::Answered, "answered"),
        (Self::Cached, "cached"),
        (Self::Stopped, "stopped"),
        (Self::Failed, "failed"),
        (Self::Refused, "refused"),
        (Self::Interrupted, "interrupted"),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(outcome, _)| *outcome == self).map_or("", |(_, name)| name)
    }

    /// The outcome of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, other)| *other == name).map(|(outcome, _)| *outcome)
    }
}

/// What is known when a request begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestStart {
    /// Unix time in milliseconds.
    pub started_at: i64,
    /// The route's name.
    pub route: String,
    /// Who asks.
    pub user: Option<String>,
    /// Which agent asks.
    pub agent: Option<String>,
    /// The message the answer becomes.
    pub message_id: Option<String>,
}

/// What is known when it has ended.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RequestEnd {
    /// How.
    pub outcome: Outcome,
    /// The model that was asked last.
    pub model: Option<String>,
    /// How often any model was asked.
    pub attempts: u32,
    /// What went wrong, as one word.
    pub error: Option<String>,
    /// Tokens used.
    pub usage: Usage,
    /// Whether the tokens are our guess: the provider did not count, or did not come to tell.
    pub estimated: bool,
    /// Money, in the currency of the prices.
    pub cost: f64,
    /// Time to the first token of the answer.
    pub first_token_ms: Option<u64>,
    /// Time to its end.
    pub total_ms: Option<u64>,
}

/// A request in the log. There is no text of question or answer in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LogEntry {
    /// Rises from request to request.
    pub id: i64,
    /// Unix time in milliseconds.
    pub started_at: i64,
    /// The route's name.
    pub route: String,
    /// The model that answered, or was asked last.
    pub model: Option<String>,
    /// Who asked.
    pub user: Option<String>,
    /// Which agent asked.
    pub agent: Option<String>,
    /// The message the answer became.
    pub message_id: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, as one word.
    pub error: Option<String>,
    /// How often any model was asked.
    pub attempts: u32,
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// Whether the tokens are our guess.
    pub estimated: bool,
    /// Money, in the currency of the prices.
    pub cost: f64,
    /// Time to the first token of the answer.
    pub first_token_ms: Option<u64>,
    /// Time to its end.
    pub total_ms: Option<u64>,
    /// What people think of the answer.
    pub feedback: Vec<Feedback>,
}

impl LogEntry {
    /// What is known when a request begins.
    #[must_use]
    pub fn new(id: i64, start: RequestStart) -> Self {
        let RequestStart { started_at, route, user, agent, message_id } = start;
        Self { id, started_at, route, user, agent, message_id, ..Self::default() }
    }

    /// Adds what is known at its end.
    pub fn end(&mut self, end: RequestEnd) {
        self.outcome = end.outcome;
        self.model = end.model;
        self.attempts = end.attempts;
        self.error = end.error;
        self.input_tokens = end.usage.input_tokens;
        self.output_tokens = end.usage.output_tokens;
        self.estimated = end.estimated;
        self.cost = end.cost;
        self.first_token_ms = end.first_token_ms;
        self.total_ms = end.total_ms;
    }
}

/// Which entries of the log; all conditions that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Who asked.
    pub user: Option<String>,
    /// Which agent asked.
    pub agent: Option<String>,
    /// The route's name.
    pub route: Option<String>,
    /// The model that answered, or was asked last.
    pub model: Option<String>,
    /// The message the answer became.
    pub message_id: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// From this Unix time on, in milliseconds.
    pub since: Option<i64>,
    /// Entries before this one: for the next page.
    pub before_id: Option<i64>,
    /// Most entries. Default: 100.
    pub limit: Option<usize>,
}

impl LogFilter {
    /// Entries where nothing is said.
    pub const DEFAULT_LIMIT: usize = 100;

    /// Whether an entry is one of them; the number of entries does not matter here.
    #[must_use]
    pub fn matches(&self, entry: &LogEntry) -> bool {
        let is = |wanted: &Option<String>, found: Option<&String>| {
            wanted.is_none() || wanted.as_ref() == found
        };
        is(&self.user, entry.user.as_ref())
            && is(&self.agent, entry.agent.as_ref())
            && is(&self.route, Some(&entry.route))
            && is(&self.model, entry.model.as_ref())
            && is(&self.message_id, entry.message_id.as_ref())
            && self.outcome.is_none_or(|outcome| outcome == entry.outcome)
            && self.since.is_none_or(|since| entry.started_at >= since)
            && self.before_id.is_none_or(|before| entry.id < before)
    }
}

/// How much of the log is kept. Entries of today are, in any case, and those of this month where limits
/// are counted with them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// Entries at most this old; any where absent.
    pub max_age: Option<Duration>,
    /// At most so many entries, the newest; all where absent.
    pub max_entries: Option<u64>,
    /// Whether entries of this month stay as well.
    pub whole_month: bool,
}

impl Keep {
    /// Entries before this time may go, by age; none of them is counted for a limit.
    #[must_use]
    pub fn oldest(&self, now: i64) -> Option<i64> {
        let age = i64::try_from(self.max_age?.as_millis()).unwrap_or(i64::MAX);
        Some(now.saturating_sub(age).min(self.counted_since(now)))
    }

    /// Entries from this time on stay: limits are counted with them.
    #[must_use]
    pub fn counted_since(&self, now: i64) -> i64 {
        let period = if self.whole_month { Period::Month } else { Period::Day };
        period.begin(now)
    }
}
