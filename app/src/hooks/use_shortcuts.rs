//! Keys that work anywhere on the page.

use leptos::{ev, prelude::*, wasm_bindgen::JsCast, web_sys::HtmlElement};

use super::{
    use_palette::{Deed, Palette},
    use_workspace::use_workspace,
};

use crate::reactive::effect;

/// Listens to the keys as long as the component lives. On the server nothing listens.
pub fn use_shortcuts(palette: Palette) {
    let workspace = use_workspace();
    effect(move || {
        let listening = window_event_listener(ev::keydown, move |event| {
            if event.default_prevented() || event.is_composing() {
                return;
            }
            // The key of commands is another one on a Mac.
            let command = event.ctrl_key() || event.meta_key();
            let deed = match event.key().as_str() {
                "k" | "K" if command && !event.shift_key() => None,
                "?" if !command && !is_writing() => None,
                "o" | "O" if command && event.shift_key() => Some(Deed::New),
                "/" if !command && !is_writing() => {
                    event.prevent_default();
                    return workspace.focus.update(|count| *count += 1);
                }
                _ => return,
            };
            event.prevent_default();
            match deed {
                Some(deed) => palette.run(&deed),
                None => palette.open(),
            }
        });
        on_cleanup(move || listening.remove());
    });
}

/// Whether a person is writing somewhere, where these are letters.
fn is_writing() -> bool {
    let Some(element) = document().active_element() else { return false };
    matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
        || element.dyn_ref::<HtmlElement>().is_some_and(HtmlElement::is_content_editable)
}
