//! One message of the thread.

use domovoi_protocol::Role;
use leptos::prelude::*;

use crate::{
    components::part::PartView,
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
        Role::User => view! { <UserMessage message /> }.into_any(),
        Role::Assistant => view! { <AssistantMessage message key=row.key chat /> }.into_any(),
        Role::System => ().into_any(),
    }
}

#[component]
fn UserMessage(message: ArcRwSignal<domovoi_protocol::UiMessage>) -> impl IntoView {
    let id = message.with_untracked(|message| message.id.clone());
    view! {
        <li
            class="ml-auto max-w-[85%] rounded-2xl rounded-br-md bg-sunken px-4 py-2.5"
            data-testid="message-user"
            data-message-id=id
        >
            <h2 class="sr-only" aria-label="You"></h2>
            <p class="whitespace-pre-wrap break-words">
                {move || message.with(domovoi_protocol::UiMessage::text)}
            </p>
        </li>
    }
}

#[component]
fn AssistantMessage(
    message: ArcRwSignal<domovoi_protocol::UiMessage>,
    key: String,
    chat: AgentChat,
) -> impl IntoView {
    let message = StoredValue::new(message);
    let streaming = Memo::new(move |_| chat.is_streaming(&key));
    let turn = Memo::new(move |_| message.read_value().with(TurnEnd::of));
    let parts = Memo::new(move |_| message.read_value().with(|message| message.parts.len()));
    let status = move || match turn.get() {
        _ if streaming.get() => "streaming",
        None => "done",
        Some(TurnEnd { outcome: TurnOutcome::Error, .. }) => "error",
        Some(_) => "stopped",
    };
    view! {
        <li
            class="min-w-0"
            data-testid="message-assistant"
            data-message-id=move || message.read_value().with(|message| message.id.clone())
            data-status=status
            aria-busy=move || streaming.get().to_string()
        >
            <h2 class="sr-only" aria-label="Domovoi"></h2>
            <For
                each=move || 0..parts.get()
                key=|index| *index
                children=move |index| {
                    view! { <PartView message=message.get_value() index streaming /> }
                }
            />
        </li>
    }
}
