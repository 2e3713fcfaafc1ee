//! One message of the thread.

use domovoi_protocol::{Role, UiMessage};
use leptos::prelude::*;

use crate::language::t;
use crate::reactive::memo;
use crate::{
    components::{
        attachments::sent_files, edit_message::EditMessage, message_bar::MessageBar, part::PartView,
    },
    hooks::use_agent_chat::{AgentChat, Row},
    sources::Sources,
    types::{TurnEnd, TurnOutcome},
};

/// One message. While it is far from view in a long thread, its place alone is there.
#[component]
pub fn Message(
    /// The message.
    row: Row,
    /// Its conversation.
    chat: AgentChat,
) -> impl IntoView {
    match row.message.with_untracked(|message| message.role) {
        Role::User => view! { <UserMessage row chat /> }.into_any(),
        Role::Assistant => view! { <AssistantMessage row chat /> }.into_any(),
        Role::System => ().into_any(),
    }
}

/// The content of a message, or a place of its height.
fn drawn(row: &Row, content: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
    let left_out = row.left_out.clone();
    let content: Box<dyn Fn() -> AnyView + Send + Sync> = Box::new(content);
    (move || match left_out.get() {
        None => content(),
        Some(height) => view! { <div style:height=height></div> }.into_any(),
    })
    .into_any()
}

#[component]
fn UserMessage(row: Row, chat: AgentChat) -> impl IntoView {
    let id = row.message.with_untracked(|message| message.id.clone());
    let message = StoredValue::new(row.message.clone());
    let editing = RwSignal::new(false);
    let is_wordless = move || message.read_value().with(|message| message.text().is_empty());
    let content = move || {
        view! {
            <div class="flex w-full flex-col items-end">
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
            </div>
        }
        .into_any()
    };
    let content = drawn(&row, content);
    view! {
        <li
            class="turn"
            data-testid="message-user"
            data-message-id=id
        >
            <h2 class="sr-only" aria-label=t().you()></h2>
            {content}
        </li>
    }
}

#[component]
fn AssistantMessage(row: Row, chat: AgentChat) -> impl IntoView {
    let message = StoredValue::new(row.message.clone());
    let key = row.key.clone();
    let raw = RwSignal::new(false);
    let streaming = memo(move || chat.is_streaming(&key));
    let written = memo(move || match raw.get() {
        true => message.read_value().with(UiMessage::text),
        false => String::new(),
    });
    let sources = memo(move || message.read_value().with(Sources::of));
    let turn = memo(move || message.read_value().with(TurnEnd::of));
    let parts = memo(move || message.read_value().with(|message| message.parts.len()));
    let status = move || match turn.get() {
        _ if streaming.get() => "streaming",
        None => "done",
        Some(TurnEnd { outcome: TurnOutcome::Error, .. }) => "error",
        Some(_) => "stopped",
    };
    let content = move || {
        view! {
            <div>
                <div hidden=move || raw.get()>
                    <For
                        each=move || 0..parts.get()
                        key=|index| *index
                        children=move |index| {
                            view! { <PartView message=message.get_value() index streaming sources /> }
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
                <div
                    class="sources"
                    data-testid="sources"
                    inner_html=move || sources.with(Sources::list)
                ></div>
                <MessageBar message chat streaming=Some(streaming) toggled=raw />
            </div>
        }
        .into_any()
    };
    let content = drawn(&row, content);
    view! {
        <li
            class="turn min-w-0"
            data-testid="message-assistant"
            data-message-id=move || message.read_value().with(|message| message.id.clone())
            data-status=status
            aria-busy=move || streaming.get().to_string()
        >
            <h2 class="sr-only" aria-label="Domovoi"></h2>
            {content}
        </li>
    }
}
