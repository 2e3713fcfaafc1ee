//! Messages as rows with a signal each, so that only what changed is drawn.

use std::collections::{BTreeSet, HashMap};

use domovoi_protocol::UiMessage;
use leptos::prelude::*;

use super::AgentChat;

/// A message in the thread. The key stays while the message changes.
#[derive(Debug, Clone)]
pub struct Row {
    /// Names the row.
    pub key: String,
    /// The message; counted by reference, so that it outlives whoever made it.
    pub message: ArcRwSignal<UiMessage>,
    /// The height that is kept free for the message, as in a stylesheet, while it is too far from view
    /// to be drawn; nothing while it is drawn.
    pub left_out: ArcRwSignal<Option<String>>,
}

impl Row {
    fn new(key: String, message: UiMessage, left_out: Option<String>) -> Self {
        let (message, left_out) = (ArcRwSignal::new(message), ArcRwSignal::new(left_out));
        Self { key, message, left_out }
    }

    /// Whether it is the message `id`.
    pub(in super::super) fn is(&self, id: &str) -> bool {
        self.message.with_untracked(|message| message.id == id)
    }
}

impl AgentChat {
    /// Where among the rows the message `id` is.
    #[must_use]
    pub fn place_of(&self, id: &str) -> Option<usize> {
        self.rows.with(|rows| rows.iter().position(|row| row.is(id)))
    }
}

/// Rows for these messages; those that were there before keep their signals, which are set
/// where their message has changed. What comes before those is not drawn until it is near, and has
/// the height `left_out` until then.
pub(super) fn rows_of(messages: &[UiMessage], old: &[Row], left_out: Option<&str>) -> Vec<Row> {
    let first = old.first().map(|row| row.key.as_str());
    let first = messages.iter().position(|message| Some(message.id.as_str()) == first);
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
                None => {
                    let is_older = first.is_some_and(|first| index < first);
                    let left_out = left_out.filter(|_| is_older).map(str::to_owned);
                    Row::new(key, message.clone(), left_out)
                }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::{Role, UiMessage};
    use leptos::prelude::*;

    use super::rows_of;

    #[test]
    fn rows_keep_their_signals() {
        let one = UiMessage::new("1", Role::User, "one");
        let two = UiMessage::new("2", Role::Assistant, "two");
        let rows = rows_of(std::slice::from_ref(&one), &[], Some("9px"));
        let more = rows_of(&[one, two.clone(), two], &rows, Some("9px"));
        rows[0].message.update(|message| message.id.push('!'));
        assert_eq!(more[0].message.get_untracked().id, "1!");
        let keys: Vec<_> = more.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["1", "2", "2#2"]);
        assert!(more.iter().all(|row| row.left_out.get_untracked().is_none()));
    }

    #[test]
    fn what_comes_before_is_not_drawn_at_once() {
        let messages = ["1", "2", "3", "4"].map(|id| UiMessage::new(id, Role::User, id));
        let rows = rows_of(&messages[2..3], &[], Some("9px"));
        let rows = rows_of(&messages, &rows, Some("9px"));
        let left_out: Vec<_> = rows.iter().map(|row| row.left_out.get_untracked()).collect();
        let left_out: Vec<_> = left_out.iter().map(Option::as_deref).collect();
        assert_eq!(left_out, [Some("9px"), Some("9px"), None, None]);
    }
}
