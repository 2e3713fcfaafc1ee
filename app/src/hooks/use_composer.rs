//! The text field grows with its text and has the focus when a person would expect it.

use leptos::{html, prelude::*};

use super::{use_agent_chat::AgentChat, use_drafts::use_drafts, use_workspace::use_workspace};

use crate::reactive::effect;

/// Looks after the text field of a conversation.
pub fn use_composer(field: NodeRef<html::Textarea>, chat: AgentChat) {
    let workspace = use_workspace();
    use_drafts(field, chat);
    use_growing(field, chat.input);
    effect(move || {
        workspace.focus.track();
        if let Some(field) = field.get()
            && has_keyboard()
        {
            let _ = field.focus();
        }
    });
}

/// Makes a field as high as its text.
pub fn use_growing(field: NodeRef<html::Textarea>, text: RwSignal<String>) {
    effect(move || {
        text.track();
        if let Some(field) = field.get() {
            // After the value has been set: its own effect runs in the same turn.
            request_animation_frame(move || grow(&field));
        }
    });
}

fn grow(field: &leptos::web_sys::HtmlTextAreaElement) {
    let style = leptos::web_sys::HtmlElement::style(field);
    let _ = style.set_property("height", "auto");
    // With its border, which is not part of what scrolls.
    let border = field.offset_height() - field.client_height();
    let _ = style.set_property("height", &format!("{}px", field.scroll_height() + border));
}

/// Where fingers do the typing, a focus would open the keyboard over the page.
fn has_keyboard() -> bool {
    window().match_media("(pointer: fine)").ok().flatten().is_some_and(|query| query.matches())
}
