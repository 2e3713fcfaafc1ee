//! One part of an answer, by its kind.

use domovoi_protocol::{Part, UiMessage, message::ToolPart};
use leptos::prelude::*;

use crate::reactive::memo;
use crate::{
    components::{markdown_view::MarkdownView, reasoning::Reasoning, tool_card::ToolCard},
    sources::Sources,
    words::is_web,
};

/// What a part is shown as. A part keeps its kind while its content grows.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Text,
    Reasoning,
    Tool,
    Link { href: String, label: String },
    Nothing,
}

impl Kind {
    fn of(part: Option<&Part>) -> Self {
        match part {
            Some(Part::Text { .. }) => Self::Text,
            Some(Part::Reasoning { .. }) => Self::Reasoning,
            Some(Part::Tool(_)) => Self::Tool,
            Some(Part::File { url, filename, .. }) if is_web(url) => Self::Link {
                href: url.clone(),
                label: filename.clone().unwrap_or_else(|| url.clone()),
            },
            _ => Self::Nothing,
        }
    }
}

fn text_of(part: Option<&Part>) -> String {
    match part {
        Some(Part::Text { text, .. } | Part::Reasoning { text, .. }) => text.clone(),
        _ => String::new(),
    }
}

fn tool_of(part: Option<&Part>) -> Option<ToolPart> {
    match part {
        Some(Part::Tool(tool)) => Some(tool.clone()),
        _ => None,
    }
}

/// One part of an answer. It draws itself again only where its own content has changed.
#[component]
pub fn PartView(
    /// The message it belongs to.
    message: ArcRwSignal<UiMessage>,
    /// Which part.
    index: usize,
    /// Whether the message is still being written.
    streaming: Memo<bool>,
    /// What the message rests on.
    sources: Memo<Sources>,
) -> impl IntoView {
    let message = StoredValue::new(message);
    let last = memo(move || message.read_value().with(|message| index + 1 >= message.parts.len()));
    let growing = Signal::derive(move || streaming.get() && last.get());
    let kind =
        memo(move || message.read_value().with(|message| Kind::of(message.parts.get(index))));
    let text = memo(move || message.read_value().with(|message| text_of(message.parts.get(index))));
    let tool = memo(move || message.read_value().with(|message| tool_of(message.parts.get(index))));
    move || match kind.get() {
        Kind::Text => view! { <MarkdownView text growing sources /> }.into_any(),
        Kind::Reasoning => view! { <Reasoning text growing sources /> }.into_any(),
        Kind::Tool => view! { <ToolCard tool /> }.into_any(),
        Kind::Link { href, label } => view! {
            <p class="my-2 truncate text-sm">
                <a class="link" href=href target="_blank" rel="noopener noreferrer nofollow">
                    {label}
                </a>
            </p>
        }
        .into_any(),
        Kind::Nothing => ().into_any(),
    }
}
