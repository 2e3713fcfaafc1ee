//! How the last turn ended, in words for a person.

use domovoi_client::chat::NO_REASON;
use domovoi_protocol::Role;
use leptos::prelude::*;

use super::AgentChat;
use crate::language::t;
use crate::types::{TurnEnd, TurnOutcome};

/// How the last turn ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With an answer.
    Answered,
    /// By a person.
    Stopped,
    /// By the end of the server.
    Interrupted,
    /// It never began.
    Unanswered,
    /// With an error: what to tell a person.
    Failed(String),
}

impl AgentChat {
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
            (_, Some(TurnEnd { outcome: TurnOutcome::Interrupted, .. })) => {
                Some(Ending::Interrupted)
            }
            (_, Some(TurnEnd { outcome: TurnOutcome::Error, error, words })) => {
                let error = error.unwrap_or_default();
                Some(Ending::Failed(readable(&t().said(&error, &words))))
            }
        }
    }
}

/// An error as a sentence.
fn readable(error: &str) -> String {
    let error = error.trim();
    let mut characters = error.chars();
    match characters.next() {
        Some(first) if error != NO_REASON => first.to_uppercase().chain(characters).collect(),
        _ => t().went_wrong_while_answering().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn errors_are_sentences() {
        assert_eq!(readable("the model is gone"), "The model is gone");
        assert_eq!(readable(" "), "Something went wrong while answering.");
    }
}
