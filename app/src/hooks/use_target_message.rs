//! Goes to the message that the address names: where a search found something.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::use_agent_chat::AgentChat;

use crate::reactive::effect;

/// What the name of a message begins with, in an address after `#`.
pub const TARGET: &str = "m-";

/// How many messages before and after it a screen shows at most.
const AROUND: usize = 20;

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
        if let Some(place) = chat.place_of(id) {
            // What is shown around it has its height before the page goes there.
            chat.rows.with_untracked(|rows| {
                let around = rows.iter().skip(place.saturating_sub(AROUND)).take(2 * AROUND);
                around.for_each(|row| row.left_out.set(None));
            });
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
