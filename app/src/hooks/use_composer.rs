//! The text field grows with its text and has the focus when a person would expect it.

use leptos::{html, prelude::*};

use super::{use_agent_chat::AgentChat, use_workspace::use_workspace};

/// Looks after the text field of a conversation.
pub fn use_composer(field: NodeRef<html::Textarea>, chat: AgentChat) {
    let workspace = use_workspace();
    // What was typed before the page was taken over is not lost.
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let typed = field.value();
            if !typed.is_empty() && chat.input.with_untracked(String::is_empty) {
                chat.set_input(&typed);
            }
        }
    });
    Effect::new(move |_| {
        chat.input.track();
        if let Some(field) = field.get() {
            // After the value has been set: its own effect runs in the same turn.
            request_animation_frame(move || grow(&field));
        }
    });
    Effect::new(move |_| {
        workspace.focus.track();
        if let Some(field) = field.get()
            && has_keyboard()
        {
            let _ = field.focus();
        }
    });
}

fn grow(field: &leptos::web_sys::HtmlTextAreaElement) {
    let style = leptos::web_sys::HtmlElement::style(field);
    let _ = style.set_property("height", "auto");
    let _ = style.set_property("height", &format!("{}px", field.scroll_height()));
}

/// Where fingers do the typing, a focus would open the keyboard over the page.
fn has_keyboard() -> bool {
    window().match_media("(pointer: fine)").ok().flatten().is_some_and(|query| query.matches())
}
