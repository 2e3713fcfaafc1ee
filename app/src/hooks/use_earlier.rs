//! Earlier messages are there before a person has scrolled up to where they begin.

use leptos::{html, prelude::*, web_sys::HtmlElement};

use super::use_agent_chat::AgentChat;
use crate::reactive::effect;

/// How many screens of a thread lie above what is shown, at least, while there is more.
const SCREENS: i32 = 2;

/// Follows a scroller; what is given back is called when it was scrolled.
pub fn use_earlier(scroller: NodeRef<html::Div>, chat: AgentChat) -> impl Fn() + Copy + 'static {
    let load = move || {
        let Some(scroller) = scroller.try_get_untracked().flatten() else { return };
        let screen = scroller.client_height();
        // The place is counted from the end.
        let above = scroller.scroll_height() - screen + scroller.scroll_top();
        if chat.has_older.get_untracked() && above < SCREENS * screen {
            chat.load_older();
        }
    };
    let anchor = move |anchor| {
        if let Some(scroller) = scroller.try_get_untracked().flatten() {
            let _ = HtmlElement::style(&scroller).set_property("overflow-anchor", anchor);
        }
    };
    let mut first = String::new();
    // Not where loading has failed: the next scrolling tries again.
    effect(move || {
        let now = chat.rows.with(|rows| rows.first().map(|row| row.key.clone()));
        if now.as_ref().is_some_and(|now| *now != first) {
            first = now.unwrap_or_default();
            // The place is counted from the end, so what comes above moves nothing; the browser
            // would make up for it once more.
            anchor("none");
        }
        request_animation_frame(move || {
            anchor("auto");
            load();
        });
    });
    load
}
