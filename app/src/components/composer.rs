//! Where a person writes: Enter sends, Shift-Enter begins a line. While an answer is being written,
//! what is sent waits for its end.

use leptos::{ev, html, prelude::*};

use crate::{
    components::icon::{Glyph, Icon},
    hooks::{use_agent_chat::AgentChat, use_composer::use_composer},
};

/// The text field with its button.
#[component]
pub fn Composer(
    /// The conversation.
    chat: AgentChat,
) -> impl IntoView {
    let field = NodeRef::<html::Textarea>::new();
    use_composer(field, chat);
    let submit = move || chat.handle_submit();
    let has_text = Memo::new(move |_| chat.input.with(|text| !text.trim().is_empty()));
    let on_key = move |event: ev::KeyboardEvent| {
        // Enter also accepts what an input method offers; 229 is how older ones say so.
        let composing = event.is_composing() || event.key_code() == 229;
        if event.key() == "Enter" && !event.shift_key() && !composing {
            event.prevent_default();
            submit();
        }
    };
    view! {
        <form
            class="composer flex items-end gap-2 rounded-2xl border border-line bg-surface py-2 pl-4 pr-2"
            on:submit=move |event| {
                event.prevent_default();
                submit();
            }
        >
            <textarea
                node_ref=field
                class="scroller max-h-[14rem] min-h-9 min-w-0 flex-1 resize-none bg-transparent py-1.5 leading-6 placeholder:text-faint"
                data-testid="composer-input"
                aria-label="Message"
                placeholder="Write a message"
                rows="1"
                autocomplete="off"
                prop:value=move || chat.input.get()
                on:input=move |event| chat.set_input(&event_target_value(&event))
                on:keydown=on_key
            ></textarea>
            <Show when=move || chat.is_busy()>
                <button
                    type="button"
                    class="inline-flex h-9 w-9 shrink-0 items-center justify-center rounded-xl bg-ink text-canvas transition-opacity hover:opacity-90"
                    data-testid="composer-stop"
                    aria-label="Stop the answer"
                    on:click=move |_| chat.stop()
                >
                    <Icon glyph=Glyph::Stop />
                </button>
            </Show>
            <Show when=move || !chat.is_busy() || has_text.get()>
                <button
                    type="submit"
                    class="inline-flex h-9 w-9 shrink-0 items-center justify-center rounded-xl bg-accent text-on-accent transition-opacity hover:opacity-90 disabled:bg-sunken disabled:text-faint disabled:opacity-100"
                    data-testid="composer-send"
                    aria-label=move || if chat.is_busy() { "Send after this answer" } else { "Send" }
                    disabled=move || !chat.is_busy() && !chat.can_send()
                >
                    <Icon glyph=Glyph::ArrowUp />
                </button>
            </Show>
        </form>
    }
}
