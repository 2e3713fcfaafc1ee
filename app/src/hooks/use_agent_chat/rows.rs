//! Messages as rows with a signal each, so that only what changed is drawn.

use std::collections::{BTreeSet, HashMap};

use domovoi_protocol::UiMessage;
use leptos::prelude::*;

/// A message in the thread. The key stays while the message changes.
#[derive(Debug, Clone)]
pub struct Row {
    /// Names the row.
    pub key: String,
    /// The message; counted by reference, so that it outlives whoever made it.
    pub message: ArcRwSignal<UiMessage>,
}

/// Rows for these messages; those that were there before keep their signals, which are set
/// where their message has changed.
pub(super) fn rows_of(messages: &[UiMessage], old: &[Row]) -> Vec<Row> {
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

#[cfg(test)]
mod tests {
    use domovoi_protocol::{Role, UiMessage};
    use leptos::prelude::*;

    use super::rows_of;

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
}
