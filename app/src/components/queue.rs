//! Messages that wait for the end of a turn, above the text field.

use std::sync::Arc;

use leptos::prelude::*;

use crate::language::t;
use crate::{
    components::{
        bar_button::{Act, BarButton},
        icon::Glyph,
    },
    hooks::{
        use_agent_chat::{AgentChat, QueuedMessage},
        use_workspace::use_workspace,
    },
};

/// The messages that wait.
#[component]
pub fn Queue(
    /// Their conversation.
    chat: AgentChat,
) -> impl IntoView {
    let focus = use_workspace().focus;
    let act_on = move |message: QueuedMessage| -> Act {
        Arc::new(move |name| match name {
            "queued-send" => {
                chat.unqueue(&message.id);
                chat.send_queued(message.clone());
            }
            "queued-edit" => {
                chat.edit_queued(&message.id);
                focus.update(|count| *count += 1);
            }
            _ => chat.unqueue(&message.id),
        })
    };
    let rows = move || {
        let busy = chat.is_busy();
        let queued = chat.queued.get().into_iter();
        queued
            .map(|message| waiting(busy, &message.text.clone(), &act_on(message)))
            .collect::<Vec<_>>()
    };
    view! { <ul class="flex flex-col gap-1" aria-label=t().messages_that_wait()>{rows}</ul> }
}

fn waiting(busy: bool, text: &str, act: &Act) -> AnyView {
    let mut buttons = Vec::new();
    if !busy {
        buttons.push(BarButton::new("queued-send", Glyph::ArrowUp, t().send_it_now()));
    }
    buttons.push(BarButton::new("queued-edit", Glyph::Pencil, t().edit_it()));
    buttons.push(BarButton::new("queued-remove", Glyph::Close, t().do_not_send_it()));
    let buttons: Vec<_> = buttons.into_iter().map(|button| button.view(act)).collect();
    view! {
        <li
            class="mb-1 flex items-center gap-0.5 rounded-xl border border-line bg-sunken py-0.5 pl-3 pr-1 text-sm text-muted"
            data-testid="queued-message"
        >
            <span class="shrink-0 text-xs">{t().waits()}</span>
            <span class="ml-1 min-w-0 flex-1 truncate text-ink">{text.to_owned()}</span>
            {buttons}
        </li>
    }
    .into_any()
}
