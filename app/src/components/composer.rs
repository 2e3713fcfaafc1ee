//! Where a person writes: Enter sends, Shift-Enter begins a line. While an answer is being written,
//! what is sent waits for its end.

use domovoi_protocol::{Part, Role, UiMessage, address};
use leptos::{ev, html, prelude::*};

use crate::language::t;
use crate::reactive::{memo, when};
use crate::{
    components::{
        attachments::{AttachmentTray, attach_button},
        icon::{Glyph, Icon},
        prompt_list::{LIST_ID, option_id, prompt_list},
    },
    hooks::{
        use_agent_chat::AgentChat,
        use_attachments::{Attachments, use_attachments},
        use_composer::use_composer,
        use_prompts::use_prompts,
    },
    types::ASSISTANT_AGENT,
};

/// The text field with its button.
#[component]
pub fn Composer(
    /// The conversation.
    chat: AgentChat,
) -> impl IntoView {
    let field = NodeRef::<html::Textarea>::new();
    use_composer(field, chat);
    let attachments = use_attachments(&address::path(ASSISTANT_AGENT, &chat.id()));
    let has_files = move || !attachments.files.with(Vec::is_empty);
    let can_submit = move || {
        let sendable = match (chat.is_busy(), has_files()) {
            // Files do not wait in the queue.
            (true, files) => !files,
            (false, true) => !chat.is_loading.get(),
            (false, false) => chat.can_send(),
        };
        sendable && attachments.is_ready()
    };
    let submit = move || match untrack(can_submit) {
        true if untrack(has_files) => send_with_files(chat, attachments),
        true => chat.handle_submit(),
        false => {}
    };
    let has_text = memo(move || chat.input.with(|text| !text.trim().is_empty()));
    let prompts = use_prompts(field, chat);
    let offers = move || prompts.found.with(|found| !found.is_empty());
    let on_key = move |event: ev::KeyboardEvent| {
        // Enter also accepts what an input method offers; 229 is how older ones say so.
        let composing = event.is_composing() || event.key_code() == 229;
        if !composing && prompts.takes(&event) {
            event.prevent_default();
        } else if event.key() == "Enter" && !event.shift_key() && !composing {
            event.prevent_default();
            submit();
        }
    };
    view! {
        <AttachmentTray attachments />
        <form
            class="composer relative flex items-end gap-2 rounded-2xl border border-line bg-surface py-2 pl-2 pr-2"
            on:dragover=move |event| event.prevent_default()
            on:drop=move |event| attachments.on_transfer(&event, "dataTransfer")
            on:submit=move |event| {
                event.prevent_default();
                submit();
            }
        >
            {prompt_list(prompts)}
            {attach_button(attachments)}
            <textarea
                node_ref=field
                class="scroller max-h-[14rem] min-h-9 min-w-0 flex-1 resize-none bg-transparent py-1.5 leading-6 placeholder:text-faint"
                data-testid="composer-input"
                aria-label=t().message()
                placeholder=t().write_a_message()
                rows="1"
                autocomplete="off"
                aria-autocomplete="list"
                aria-controls=move || offers().then_some(LIST_ID)
                aria-activedescendant=move || offers().then(|| option_id(prompts.active.get()))
                prop:value=move || chat.input.get()
                on:input=move |event| prompts.write(&event_target_value(&event))
                on:keydown=on_key
                on:paste=move |event| attachments.on_transfer(&event, "clipboardData")
            ></textarea>
            {when(move || chat.is_busy(), move || { view! {
                <button
                    type="button"
                    class="inline-flex h-9 w-9 shrink-0 items-center justify-center rounded-xl bg-ink text-canvas transition-opacity hover:opacity-90"
                    data-testid="composer-stop"
                    aria-label=t().stop_the_answer()
                    on:click=move |_| chat.stop()
                >
                    <Icon glyph=Glyph::Stop />
                </button>
            }.into_any() })}
            {when(move || !chat.is_busy() || has_text.get(), move || { view! {
                <button
                    type="submit"
                    class="inline-flex h-9 w-9 shrink-0 items-center justify-center rounded-xl bg-accent text-on-accent transition-opacity hover:opacity-90 disabled:bg-sunken disabled:text-faint disabled:opacity-100"
                    data-testid="composer-send"
                    aria-label=move || if chat.is_busy() { t().send_after_this_answer() } else { t().send() }
                    disabled=move || !can_submit()
                >
                    <Icon glyph=Glyph::ArrowUp />
                </button>
            }.into_any() })}
        </form>
    }
}

/// Sends what the person has written with the files beside it.
fn send_with_files(chat: AgentChat, attachments: Attachments) {
    let mut message = UiMessage::new(uuid::Uuid::new_v4().to_string(), Role::User, "");
    message.parts = attachments.take();
    let text = chat.input.get_untracked().trim().to_owned();
    if !text.is_empty() {
        message.parts.push(Part::text(text));
    }
    chat.set_input("");
    chat.append(message);
}
