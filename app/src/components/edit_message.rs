//! A question that is written anew, in its place.

use domovoi_protocol::UiMessage;
use leptos::{ev, html, prelude::*};

use crate::language::t;
use crate::reactive::effect;
use crate::{
    components::message_bar::{Shared, id_of},
    hooks::{use_agent_chat::AgentChat, use_composer::use_growing, use_workspace::use_workspace},
};

/// The field, with what saves and what does not.
#[component]
pub fn EditMessage(
    /// The question.
    message: Shared,
    /// Its conversation.
    chat: AgentChat,
    /// Turned off when the person is done.
    editing: RwSignal<bool>,
) -> impl IntoView {
    let workspace = use_workspace();
    let field = NodeRef::<html::Textarea>::new();
    let text = RwSignal::new(message.read_value().with_untracked(UiMessage::text));
    use_growing(field, text);
    effect(move || {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    let may_save = move || !chat.is_busy() && text.with(|text| !text.trim().is_empty());
    let close = move || {
        editing.set(false);
        workspace.focus.update(|count| *count += 1);
    };
    let save = move || {
        if untrack(may_save) {
            chat.edit(&id_of(message), &text.get_untracked());
            close();
        }
    };
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Escape" => close(),
        "Enter" if !event.shift_key() && !event.is_composing() && event.key_code() != 229 => {
            event.prevent_default();
            save();
        }
        _ => {}
    };
    view! {
        <div class="w-full rounded-2xl border border-line bg-surface p-3">
            <textarea
                node_ref=field
                class="scroller block max-h-[24rem] w-full resize-none bg-transparent leading-6"
                data-testid="edit-input"
                aria-label=t().edit_the_message()
                rows="2"
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
                on:keydown=on_key
            ></textarea>
            <div class="mt-2 flex justify-end gap-2 text-sm">
                <button
                    type="button"
                    class="h-8 rounded-lg px-3 text-muted transition-colors hover:bg-hover hover:text-ink"
                    data-testid="edit-cancel"
                    on:click=move |_| close()
                >
                    {t().cancel()}
                </button>
                <button
                    type="button"
                    class="h-8 rounded-lg bg-accent px-3 text-on-accent transition-opacity hover:opacity-90 disabled:bg-sunken disabled:text-faint disabled:opacity-100"
                    data-testid="edit-save"
                    disabled=move || !may_save()
                    on:click=move |_| save()
                >
                    {t().save_send()}
                </button>
            </div>
        </div>
    }
}
