//! What a person has written and not sent is kept by the browser, for each conversation, and is
//! there again after a reload. What waits for the end of a turn is sent from here.
//!
//! Several pages may show the same conversation. What waits is the same in all of them: a page
//! sends a message only after it has taken it out of the storage they share.

use leptos::{html, prelude::*};
use serde_json::{Value, json};

use super::{
    storage,
    use_agent_chat::{AgentChat, QueuedMessage},
    use_workspace::use_workspace,
};

use crate::reactive::{effect, memo};

/// What is kept, as JSON.
#[derive(Default)]
struct Draft {
    text: String,
    queued: Vec<QueuedMessage>,
}

/// Keeps what is written in `field`, and sends what waits.
pub fn use_drafts(field: NodeRef<html::Textarea>, chat: AgentChat) {
    let key = use_key(chat);
    let is_loaded = RwSignal::new(false);
    // A conversation that is gone to takes over the field of the one before, whatever is in it.
    let is_taken_over =
        Owner::current_shared_context().is_some_and(|context| context.during_hydration());
    effect(move || {
        let Some(field) = field.get().filter(|_| !is_loaded.get_untracked()) else { return };
        let draft = load(&key.get_untracked());
        // What was typed before the page was taken over is not lost.
        let typed = if is_taken_over { field.value() } else { String::new() };
        let text = if typed.is_empty() { draft.text } else { typed };
        if !text.is_empty() && chat.input.with_untracked(String::is_empty) {
            chat.set_input(&text);
        }
        chat.queued.set(draft.queued);
        is_loaded.set(true);
    });
    // Where what this page wrote is kept, and what it was.
    let kept = StoredValue::new((String::new(), String::new()));
    let is_shared = StoredValue::new(true);
    effect(move || {
        let may_send = chat.may_send_queued();
        let draft = Draft { text: chat.input.get(), queued: chat.queued.get() };
        let now = (key.get(), draft.to_json());
        if !is_loaded.get() {
            return;
        }
        // What has not changed here may have changed in another page.
        let before = kept.get_value();
        if before != now {
            if before.0 != now.0 {
                storage::remove(&before.0);
            }
            is_shared.set_value(storage::write(&now.0, &now.1));
            kept.set_value(now.clone());
        }
        if let Some(first) = draft.queued.into_iter().next().filter(|_| may_send) {
            chat.unqueue(&first.id);
            // A browser that keeps nothing has nothing to take it out of.
            if !is_shared.get_value() || take(&now.0, &first.id) {
                chat.send_queued(first);
            }
        }
    });
    effect(move || {
        let heard = window_event_listener_untyped("storage", move |_| {
            let queued = load(&key.get_untracked()).queued;
            if is_loaded.get_untracked() && chat.queued.with_untracked(|old| *old != queued) {
                chat.queued.set(queued);
            }
        });
        on_cleanup(move || heard.remove());
    });
}

/// Takes a message that waits out of what is kept; false where another page has.
fn take(key: &str, id: &str) -> bool {
    let mut draft = load(key);
    let before = draft.queued.len();
    draft.queued.retain(|message| message.id != id);
    let found = draft.queued.len() < before;
    if found {
        storage::write(key, &draft.to_json());
    }
    found
}

/// Where a conversation's draft is kept. One that has not begun shares its place with others that
/// have not, since a reload gives it another id.
fn use_key(chat: AgentChat) -> Memo<String> {
    let workspace = use_workspace();
    let id = chat.id();
    let begun = Memo::new(move |before| {
        let is_open = workspace.open_id.with(|open| open.as_deref() == Some(id.as_str()));
        before == Some(&true) || is_open
    });
    memo(move || key_of(if begun.get() { chat.id() } else { "new".to_owned() }))
}

fn key_of(id: impl std::fmt::Display) -> String {
    format!("domovoi-draft:{id}")
}

/// Forgets what was written in a conversation.
pub(super) fn forget(id: &str) {
    storage::remove(&key_of(id));
}

fn load(key: &str) -> Draft {
    let kept = storage::read(key).and_then(|kept| serde_json::from_str::<Value>(&kept).ok());
    Draft::of(&kept.unwrap_or_default())
}

impl Draft {
    fn of(kept: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let queued = kept["queued"].as_array().map(Vec::as_slice).unwrap_or_default();
        let queued = queued.iter().map(|message| QueuedMessage {
            id: text(&message["id"]),
            text: text(&message["text"]),
        });
        Self { text: text(&kept["text"]), queued: queued.collect() }
    }

    /// Empty for an empty one.
    fn to_json(&self) -> String {
        if self.text.is_empty() && self.queued.is_empty() {
            return String::new();
        }
        let queued = self.queued.iter();
        let queued = queued.map(|message| json!({ "id": message.id, "text": message.text }));
        json!({ "text": self.text, "queued": queued.collect::<Value>() }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Draft, QueuedMessage};

    #[test]
    fn drafts_are_json() {
        let queued = vec![QueuedMessage { id: "1".to_owned(), text: "a \"b\"\n".to_owned() }];
        let json = Draft { text: "c".to_owned(), queued: queued.clone() }.to_json();
        let draft = Draft::of(&serde_json::from_str(&json).unwrap());
        assert_eq!((draft.text.as_str(), draft.queued), ("c", queued));
        assert_eq!(Draft::default().to_json(), "");
        assert!(Draft::of(&serde_json::json!([1])).queued.is_empty());
    }
}
