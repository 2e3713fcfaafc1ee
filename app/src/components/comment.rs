//! What was wrong with an answer, in words.

use leptos::{ev, html, prelude::*};

use crate::language::t;
use crate::reactive::effect;

/// A field that is sent with Enter or its button, and left with Escape.
pub(super) fn comment(send: Callback<String>, leave: Callback<()>) -> AnyView {
    let field = NodeRef::<html::Input>::new();
    effect(move || {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    let submit = move || {
        let words = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        match words.trim() {
            "" => leave.run(()),
            words => send.run(words.to_owned()),
        }
    };
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.is_composing() => {
            event.prevent_default();
            submit();
        }
        "Escape" => leave.run(()),
        _ => {}
    };
    view! {
        <div class="mt-2 flex max-w-[32rem] items-center gap-2 text-sm">
            <input
                node_ref=field
                type="text"
                class="h-8 min-w-0 flex-1 rounded-lg border border-line bg-surface px-3 text-sm placeholder:text-faint"
                data-testid="comment"
                aria-label=t().what_was_wrong()
                placeholder=t().what_was_wrong()
                maxlength="2000"
                autocomplete="off"
                on:keydown=on_key
            />
            <button
                type="button"
                class="h-8 rounded-lg bg-accent px-3 text-on-accent transition-opacity hover:opacity-90"
                data-testid="comment-send"
                on:click=move |_| submit()
            >
                {t().send()}
            </button>
        </div>
    }
    .into_any()
}
