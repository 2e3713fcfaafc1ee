//! A long thread is not drawn as a whole. The browser says which messages come near and which go
//! (`content-visibility`); those that went longest ago are taken out of the document, and their
//! places keep their heights.

use leptos::{
    ev::Event,
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::HtmlElement,
};

use super::use_agent_chat::{AgentChat, Row};

/// How many messages out of view stay drawn: find in page, selections and going back a little know
/// them.
const KEPT: usize = 100;

/// The height of a message that was never drawn; `contain-intrinsic-size` of the stylesheet.
const HEIGHT: &str = "8rem";

/// What a person has opened stays as it is.
const OPEN: &str = "textarea, [open], :focus";

/// Looks after a thread: what is given back hears what the browser says of its messages.
pub fn use_far_rows(chat: AgentChat) -> impl FnMut(Event) {
    // Those that are drawn and far from view; the first went first.
    let mut far: Vec<(HtmlElement, Row)> = Vec::new();
    move |event| {
        let turn = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
        let Some(turn) = turn else { return };
        let id = turn.get_attribute("data-message-id").unwrap_or_default();
        let row = chat.rows.with_untracked(|rows| rows.iter().find(|row| row.is(&id)).cloned());
        let Some(row) = row else { return };
        let is_far = js_sys::Reflect::get(&event, &JsValue::from_str("skipped"))
            .is_ok_and(|skipped| skipped.is_truthy());
        far.retain(|(other, _)| *other != turn);
        if !is_far {
            row.left_out.set(None);
        } else if row.left_out.with_untracked(Option::is_none) {
            far.push((turn, row));
        }
        if far.len() > KEPT {
            let (turn, row) = far.remove(0);
            if let Ok(None) = turn.query_selector(OPEN) {
                row.left_out.set(Some(format!("{}px", turn.offset_height())));
            }
        }
    }
}

/// The height of the place of a message that is not drawn until it comes near; nothing where the
/// browser would not say when it does.
pub fn height_of_what_is_far() -> Option<String> {
    let property = JsValue::from_str("oncontentvisibilityautostatechange");
    let says = js_sys::Reflect::has(&document(), &property).unwrap_or_default();
    says.then(|| HEIGHT.to_owned())
}
