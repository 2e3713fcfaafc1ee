//! What an answer says it is drawn from, as a list below it.

use std::fmt::Write as _;

use domovoi_protocol::{Part, UiMessage};
use leptos::prelude::*;

use crate::language::t;
use crate::reactive::memo;
use crate::{components::message_bar::Shared, markdown::segment::escaped, words::is_web};

/// A source. The address is one of the web's, or there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    title: String,
    href: Option<String>,
}

/// The sources of a message, each once.
fn sources_of(message: &UiMessage) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    for part in &message.parts {
        let source = match part {
            Part::SourceUrl { url, title, .. } if is_web(url) => Source {
                title: title
                    .clone()
                    .filter(|title| !title.is_empty())
                    .unwrap_or_else(|| url.clone()),
                href: Some(url.clone()),
            },
            Part::SourceDocument { title, filename, .. } => {
                let name = filename.as_ref().filter(|name| *name != title && !name.is_empty());
                let title = match name {
                    Some(name) if title.is_empty() => name.clone(),
                    Some(name) => format!("{title} ({name})"),
                    None => title.clone(),
                };
                Source { title, href: None }
            }
            _ => continue,
        };
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources
}

/// The list as HTML; nothing where there are none.
fn list_of(message: &UiMessage) -> String {
    let mut entries = String::new();
    for Source { title, href } in sources_of(message) {
        let title = escaped(&title);
        // Writing to a string cannot fail.
        let _ = match href {
            None => write!(entries, "<li>{title}</li>"),
            Some(href) => write!(
                entries,
                "<li><a class=\"link\" href=\"{}\" target=\"_blank\" \
                 rel=\"noopener noreferrer nofollow\">{title}</a></li>",
                escaped(&href)
            ),
        };
    }
    if entries.is_empty() {
        entries
    } else {
        format!("<h3>{}</h3><ol>{entries}</ol>", t().sources())
    }
}

/// The list of sources; empty where there are none.
#[component]
pub fn Sources(
    /// The answer.
    message: Shared,
) -> impl IntoView {
    let list = memo(move || message.read_value().with(list_of));
    view! { <div class="sources" data-testid="sources" inner_html=move || list.get()></div> }
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::UiMessage;
    use serde_json::json;

    use super::{Source, list_of, sources_of};

    #[test]
    fn only_addresses_of_the_web_are_linked_and_each_once() {
        let message: UiMessage = serde_json::from_value(json!({
            "id": "a", "role": "assistant", "parts": [
                { "type": "text", "text": "See these." },
                { "type": "source-url", "sourceId": "1", "url": "https://a.example", "title": "A" },
                { "type": "source-url", "sourceId": "2", "url": "https://a.example", "title": "A" },
                { "type": "source-url", "sourceId": "3", "url": "javascript:alert(1)", "title": "B" },
                { "type": "source-url", "sourceId": "4", "url": "HTTP://b.example" },
                { "type": "source-document", "sourceId": "5", "mediaType": "application/pdf",
                  "title": "Report", "filename": "report.pdf" },
            ],
        }))
        .unwrap();
        let link = |title: &str, href: &str| Source {
            title: title.to_owned(),
            href: Some(href.to_owned()),
        };
        assert_eq!(
            sources_of(&message),
            [
                link("A", "https://a.example"),
                link("HTTP://b.example", "HTTP://b.example"),
                Source { title: "Report (report.pdf)".to_owned(), href: None },
            ]
        );
    }

    #[test]
    fn what_a_source_says_is_text() {
        let message: UiMessage = serde_json::from_value(json!({
            "id": "a", "role": "assistant", "parts": [
                { "type": "source-url", "sourceId": "1", "url": "https://a.example/\"onclick=\"x",
                  "title": "<img src=x onerror=y>" },
            ],
        }))
        .unwrap();
        let html = list_of(&message);
        assert!(html.contains("&lt;img") && html.contains("&quot;onclick=&quot;"), "{html}");
        assert_eq!(html.matches("<").count(), 8, "{html}");
        assert_eq!(list_of(&UiMessage::new("b", domovoi_protocol::Role::Assistant, "x")), "");
    }
}
