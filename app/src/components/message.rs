//! One message of the thread.

use domovoi_protocol::{Role, UiMessage};
use leptos::prelude::*;

use crate::language::t;
use crate::reactive::memo;
use crate::{
    components::{
        attachments::sent_files, edit_message::EditMessage, message_bar::MessageBar,
        part::PartView, sources::Sources,
    },
    hooks::use_agent_chat::{AgentChat, Row},
    types::{TurnEnd, TurnOutcome},
};

/// One message.
#[component]
pub fn Message(
    /// The message.
    row: Row,
    /// Its conversation.
    chat: AgentChat,
) -> impl IntoView {
    let message = row.message;
    match message.with_untracked(|message| message.role) {
        Role::User => view! { <UserMessage message chat /> }.into_any(),
        Role::Assistant => view! { <AssistantMessage message key=row.key chat /> }.into_any(),
        Role::System => ().into_any(),
    }
}

#[component]
fn UserMessage(message: ArcRwSignal<UiMessage>, chat: AgentChat) -> impl IntoView {
    let id = message.with_untracked(|message| message.id.clone());
    let message = StoredValue::new(message);
    let editing = RwSignal::new(false);
    let is_wordless = move || message.read_value().with(|message| message.text().is_empty());
    view! {
        <li
            class="turn flex flex-col items-end"
            data-testid="message-user"
            data-message-id=id
        >
            <h2 class="sr-only" aria-label=t().you()></h2>
            {move || {
                if editing.get() {
                    view! { <EditMessage message chat editing /> }.into_any()
                } else {
                    ().into_any()
                }
            }}
            {move || message.read_value().with(|message| sent_files(&message.parts))}
            <p
                class="max-w-[85%] whitespace-pre-wrap break-words rounded-2xl rounded-br-md bg-sunken px-4 py-2.5"
                hidden=move || editing.get() || is_wordless()
            >
                {move || message.read_value().with(UiMessage::text)}
            </p>
            <MessageBar message chat streaming=None toggled=editing />
        </li>
    }
}

#[component]
fn AssistantMessage(
    message: ArcRwSignal<UiMessage>,
    key: String,
    chat: AgentChat,
) -> impl IntoView {
    let message = StoredValue::new(message);
    let raw = RwSignal::new(false);
    let streaming = memo(move || chat.is_streaming(&key));
    let written = memo(move || match raw.get() {
        true => message.read_value().with(UiMessage::text),
        false => String::new(),
    });
    let turn = memo(move || message.read_value().with(TurnEnd::of));
    let parts = memo(move || message.read_value().with(|message| message.parts.len()));
    let status = move || match turn.get() {
        _ if streaming.get() => "streaming",
        None => "done",
        Some(TurnEnd { outcome: TurnOutcome::Error, .. }) => "error",
        Some(_) => "stopped",
    };
    view! {
        <li
            class="turn min-w-0"
            data-testid="message-assistant"
            data-message-id=move || message.read_value().with(|message| message.id.clone())
            data-status=status
            aria-busy=move || streaming.get().to_string()
        >
            <h2 class="sr-only" aria-label="Domovoi"></h2>
            <div hidden=move || raw.get()>
                <For
                    each=move || 0..parts.get()
                    key=|index| *index
                    children=move |index| {
                        view! { <PartView message=message.get_value() index streaming /> }
                    }
                />
            </div>
            <pre
                class="whitespace-pre-wrap break-words font-mono text-[0.8125rem] leading-relaxed"
                data-testid="raw-text"
                hidden=move || !raw.get()
            >
                {written}
            </pre>
            <Sources message />
            <MessageBar message chat streaming=Some(streaming) toggled=raw />
        </li>
    }
}
