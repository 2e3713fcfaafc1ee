//! A conversation that was shared: as it was then, for whoever has the link.

use domovoi_protocol::{Part, Role, UiMessage, message::ToolState};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Look, frame::document};
use crate::{
    components::icon::Mark,
    language::t,
    markdown::{CodeBlock, Document, segment::copy_button},
    sources::{Source, Sources},
    words::{pretty, tool_name},
};

const BUBBLE_CLASS: &str =
    "max-w-[85%] whitespace-pre-wrap break-words rounded-2xl rounded-br-md bg-sunken px-4 py-2.5";

/// What is shown of a conversation: nothing that is not here can be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What the conversation was called.
    pub title: String,
    /// What was said, oldest first.
    pub messages: Vec<SharedMessage>,
}

/// A message that is shared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedMessage {
    /// Whether a person wrote it.
    pub from_person: bool,
    /// What it consists of.
    pub pieces: Vec<Piece>,
}

/// A piece of a message that is shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Piece {
    /// Words; an answer's are Markdown.
    Text {
        /// As they were written.
        text: String,
    },
    /// A tool was used.
    Tool {
        /// Its name, for people.
        name: String,
        /// Whether it failed.
        failed: bool,
        /// What it was asked, where that is shared.
        input: Option<String>,
        /// What it answered, where that is shared.
        output: Option<String>,
    },
    /// A file was there, which is not shared.
    File {
        /// Its name; empty where it has none.
        name: String,
    },
    /// Something an answer rests on.
    Source(Source),
}

impl Snapshot {
    /// What is shared of these messages. Thoughts and files are not, nor is what tools were asked and
    /// have answered, unless `with_tools`.
    #[must_use]
    pub fn of(title: &str, messages: &[UiMessage], with_tools: bool) -> Self {
        let messages = messages.iter().filter(|message| message.role != Role::System);
        let messages = messages.map(|message| SharedMessage {
            from_person: message.role == Role::User,
            pieces: message.parts.iter().filter_map(|part| piece(part, with_tools)).collect(),
        });
        let messages = messages.filter(|message| !message.pieces.is_empty()).collect();
        Self { title: title.to_owned(), messages }
    }

    /// The page as HTML. `drawn` gives the HTML inside of a code block or a formula, where it is known.
    #[must_use]
    pub fn render(
        self,
        look: &Look,
        shared_at: String,
        drawn: impl Fn(&CodeBlock) -> Option<String>,
    ) -> String {
        let Self { title, messages } = self;
        document(look, &title.clone(), || {
            let messages = messages.into_iter().enumerate();
            let messages: Vec<AnyView> =
                messages.map(|(index, message)| message.view(index, &drawn)).collect();
            view! {
                <main class="mx-auto w-full max-w-[44rem] px-5 py-10">
                    <div class="flex items-center gap-3">
                        <Mark class="h-8 w-8 shrink-0" />
                        <div class="min-w-0">
                            <h1 class="break-words text-xl font-semibold leading-snug tracking-tight">{title}</h1>
                            <p class="text-[0.8125rem] text-muted">
                                {t().shared_when(&shared_at)}
                            </p>
                        </div>
                    </div>
                    <ul class="mt-8 flex flex-col gap-6" data-testid="shared">
                        {messages}
                    </ul>
                </main>
            }
            .into_any()
        })
    }
}

fn piece(part: &Part, with_tools: bool) -> Option<Piece> {
    match part {
        Part::Text { text, .. } if text.trim().is_empty() => None,
        Part::Text { text, .. } => Some(Piece::Text { text: text.clone() }),
        Part::File { filename, .. } => {
            Some(Piece::File { name: filename.clone().unwrap_or_default() })
        }
        Part::Tool(tool) => {
            let shown = |value: Option<String>| value.filter(|_| with_tools);
            let output = tool.error_text.clone().or_else(|| tool.output.as_ref().map(pretty));
            Some(Piece::Tool {
                name: tool_name(tool.name()),
                failed: tool.state == ToolState::OutputError,
                input: shown(tool.input.as_ref().map(pretty)),
                output: shown(output),
            })
        }
        other => Source::of(other).map(Piece::Source),
    }
}

impl SharedMessage {
    fn view(self, index: usize, drawn: &impl Fn(&CodeBlock) -> Option<String>) -> AnyView {
        let Self { from_person, pieces } = self;
        let sources = pieces.iter().filter_map(|piece| match piece {
            Piece::Source(source) => Some(source.clone()),
            _ => None,
        });
        let sources = Sources::new(&index.to_string(), sources);
        let (who, class) = match from_person {
            true => (t().a_person(), "flex flex-col items-end gap-2"),
            false => ("Domovoi", "min-w-0"),
        };
        let pieces: Vec<AnyView> =
            pieces.into_iter().map(|piece| piece.view(from_person, &sources, drawn)).collect();
        view! {
            <li class=class>
                <h2 class="sr-only">{who}</h2>
                {pieces}
                <div class="sources" inner_html=sources.list()></div>
            </li>
        }
        .into_any()
    }
}

impl Piece {
    fn view(
        self,
        from_person: bool,
        sources: &Sources,
        drawn: &impl Fn(&CodeBlock) -> Option<String>,
    ) -> AnyView {
        match self {
            Self::Text { text } if from_person => {
                view! { <p class=BUBBLE_CLASS>{text}</p> }.into_any()
            }
            Self::Text { text } => {
                let blocks = Document::new(&text);
                // Without a script there is nothing that would copy.
                let blocks = blocks.blocks().iter().map(|block| {
                    let html = block.html_with(drawn, |marks| sources.cited(marks));
                    let html = html.replace(&copy_button(), "");
                    view! { <div class="block" inner_html=html></div> }
                });
                view! { <div class="markdown">{blocks.collect_view()}</div> }.into_any()
            }
            Self::Tool { name, failed, input, output } => {
                let name = if failed { t().name_has_failed(&name) } else { name };
                let details = [(t().tool_was_asked(), input), (t().tool_has_answered(), output)];
                let details = details.into_iter().filter_map(|(what, text)| {
                    let text = text?;
                    Some(view! {
                        <p class="mt-2 text-[0.8125rem] text-muted">{what}</p>
                        <pre class="mt-1 whitespace-pre-wrap break-words font-mono text-[0.8125rem] leading-relaxed">
                            {text}
                        </pre>
                    })
                });
                view! {
                    <div class="my-2 rounded-xl border border-line bg-surface px-4 py-3">
                        <p class="text-sm text-muted">{t().tool_called(&name)}</p>
                        {details.collect_view()}
                    </div>
                }
                .into_any()
            }
            Self::File { name } => {
                let name = match name.as_str() {
                    // Links that were made before there was a second language have it in words.
                    "" | "without a name" => t().without_a_name().to_owned(),
                    _ => name,
                };
                let words = t().file_not_shared(&name);
                view! { <p class="text-[0.8125rem] text-muted">{words}</p> }.into_any()
            }
            // Listed below the message.
            Self::Source(_) => ().into_any(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(role: &str, parts: serde_json::Value) -> UiMessage {
        serde_json::from_value(json!({"id": "1", "role": role, "parts": parts})).unwrap()
    }

    fn conversation() -> Vec<UiMessage> {
        vec![
            message("system", json!([{"type": "text", "text": "be secret-system"}])),
            message(
                "user",
                json!([
                    {"type": "text", "text": "<b>Hi</b>"},
                    {"type": "file", "mediaType": "image/png", "url": "/agents/assistant/x/files/secret-file", "filename": "cat.png"}]),
            ),
            message(
                "assistant",
                json!([
                    {"type": "reasoning", "text": "secret-thought"},
                    {"type": "tool-fetch_page", "toolCallId": "1", "state": "output-available",
                     "input": {"key": "secret-input"}, "output": "secret-output"},
                    {"type": "text", "text": "*Hello* <script>alert(1)</script> [x](javascript:alert(1))\n\n```rust\nfn main() {}\n```"},
                    {"type": "source-url", "sourceId": "s", "url": "javascript:alert(2)", "title": "bad"}]),
            ),
        ]
    }

    #[test]
    fn what_is_not_shared_is_not_in_it() {
        let plain = serde_json::to_string(&Snapshot::of("T", &conversation(), false)).unwrap();
        assert!(!plain.contains("secret"), "{plain}");
        assert!(plain.contains("cat.png") && plain.contains("Hello"));
        let all = serde_json::to_string(&Snapshot::of("T", &conversation(), true)).unwrap();
        assert!(all.contains("secret-input") && all.contains("secret-output"), "{all}");
        assert!(!all.contains("secret-thought") && !all.contains("secret-file"), "{all}");
    }

    #[test]
    fn nothing_in_it_runs() {
        let snapshot = Snapshot::of("</title><script>alert(0)</script>", &conversation(), true);
        let html = snapshot.render(&Look::default(), "today".to_owned(), |_| None);
        assert!(html.contains("<em>Hello</em>") && html.contains("fn main() {}"), "{html}");
        for bad in ["<script", "href=\"javascript", "<b>", "<button", "data-copy"] {
            assert!(!html.contains(bad), "{bad}: {html}");
        }
    }

    #[test]
    fn a_file_without_a_name_is_so_in_the_readers_language() {
        let look = Look { lang: crate::language::Lang::De, ..Look::default() };
        for name in ["", "without a name"] {
            let pieces = vec![Piece::File { name: name.to_owned() }];
            let messages = vec![SharedMessage { from_person: true, pieces }];
            let snapshot = Snapshot { title: "T".to_owned(), messages };
            let html = snapshot.render(&look, "heute".to_owned(), |_| None);
            assert!(html.contains("ohne Namen") && !html.contains("without"), "{html}");
        }
    }
}
