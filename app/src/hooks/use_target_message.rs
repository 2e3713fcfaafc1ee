//! Goes to the message that the address names: where a search found something.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::use_agent_chat::AgentChat;

use crate::reactive::effect;

/// What the name of a message begins with, in an address after `#`.
pub const TARGET: &str = "m-";

/// Shows the message after `#` in the address, loading older ones until it is there.
pub fn use_target_message(chat: AgentChat) {
    let hash = use_location().hash;
    let reached = StoredValue::new(String::new());
    effect(move || {
        let hash = hash.get();
        let Some(id) = hash.trim_start_matches('#').strip_prefix(TARGET) else { return };
        if reached.with_value(|reached| *reached == hash) {
            return;
        }
        let is_there = chat.rows.with(|rows| {
            rows.iter().any(|row| row.message.with_untracked(|message| message.id == id))
        });
        if is_there {
            reached.set_value(hash.clone());
            let id = id.replace(['"', '\\'], "");
            // Once it is drawn.
            request_animation_frame(move || show(&id));
        } else if !chat.is_loading.get() && !chat.is_loading_older.get() && chat.has_older.get() {
            chat.load_older();
        }
    });
}

fn show(id: &str) {
    if let Ok(Some(before)) = document().query_selector("[data-found]") {
        let _ = before.remove_attribute("data-found");
    }
    let found = document().query_selector(&format!("[data-message-id=\"{id}\"]"));
    if let Ok(Some(message)) = found {
        message.scroll_into_view();
        let _ = message.set_attribute("data-found", "");
    }
}
