//! What an answer rests on: a list below it, and links to it where the text cites.

use std::fmt::Write as _;

use domovoi_protocol::{Part, UiMessage};
use serde::{Deserialize, Serialize};

use crate::{language::t, markdown::segment::escaped, words::is_web};

/// Opens a page of the web and tells it nothing.
const ELSEWHERE: &str = "target=\"_blank\" rel=\"noopener noreferrer nofollow\"";

/// A source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What it is cited by, besides its number.
    #[serde(default)]
    id: String,
    title: String,
    /// An address of the web, where it has one.
    href: Option<String>,
}

impl Source {
    /// The source that a part is.
    #[must_use]
    pub fn of(part: &Part) -> Option<Self> {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Some(match part {
            Part::SourceUrl { source_id, url, title } => Self {
                id: source_id.clone(),
                title: filled(title).unwrap_or_else(|| url.clone()),
                href: is_web(url).then(|| url.clone()),
            },
            Part::SourceDocument { source_id, title, filename, .. } => Self {
                id: source_id.clone(),
                title: match filled(filename).filter(|name| name != title) {
                    Some(name) if title.is_empty() => name,
                    Some(name) => format!("{title} ({name})"),
                    None => title.clone(),
                },
                href: None,
            },
            _ => return None,
        })
    }
}

/// The sources of an answer, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// What the places of the list are told by from those of other answers.
    answer: String,
    list: Vec<Source>,
    /// For each source as the answer gives it: its id, and where it is in the list.
    given: Vec<(String, usize)>,
}

impl Sources {
    /// The sources of the answer `answer`, as it gives them.
    pub fn new(answer: &str, given: impl IntoIterator<Item = Source>) -> Self {
        let mut sources = Self { answer: answer.to_owned(), ..Self::default() };
        for source in given {
            let is_it = |it: &Source| it.title == source.title && it.href == source.href;
            let place = sources.list.iter().position(is_it).unwrap_or(sources.list.len());
            sources.given.push((source.id.clone(), place));
            if place == sources.list.len() {
                sources.list.push(source);
            }
        }
        sources
    }

    /// The sources of a message.
    #[must_use]
    pub fn of(message: &UiMessage) -> Self {
        Self::new(&message.id, message.parts.iter().filter_map(Source::of))
    }

    /// The list as HTML; nothing where there are none.
    #[must_use]
    pub fn list(&self) -> String {
        if self.list.is_empty() {
            return String::new();
        }
        let mut html = format!("<h3>{}</h3><ol>", t().sources());
        for (place, Source { title, href, .. }) in self.list.iter().enumerate() {
            let (anchor, title) = (self.anchor(place), escaped(title));
            // Writing to a string cannot fail.
            let _ = write!(html, "<li id=\"{anchor}\">");
            let _ = match href {
                None => write!(html, "{title}</li>"),
                Some(href) => {
                    let href = escaped(href);
                    write!(html, "<a class=\"link\" href=\"{href}\" {ELSEWHERE}>{title}</a></li>")
                }
            };
        }
        html.push_str("</ol>");
        html
    }

    /// The links for what a text cites in brackets, by numbers or ids: to a source's own address, or to
    /// its place in the list. Nothing where not all of it is a source.
    #[must_use]
    pub fn cited(&self, marks: &str) -> Option<String> {
        let mut html = String::from("<sup class=\"cited\">");
        for mark in marks.split(',') {
            let place = self.place(mark.trim().trim_start_matches('^'))?;
            let source = self.list.get(place)?;
            let number = place + 1;
            let name = escaped(&t().source_number(number, &source.title));
            let (href, how) = match &source.href {
                Some(href) => (escaped(href), ELSEWHERE),
                // The browser itself goes there, and the focus with it.
                None => (format!("#{}", self.anchor(place)), "rel=\"external\""),
            };
            let _ = write!(
                html,
                "<a href=\"{href}\" {how} title=\"{name}\" aria-label=\"{name}\">{number}</a>"
            );
        }
        html.push_str("</sup>");
        Some(html)
    }

    fn place(&self, mark: &str) -> Option<usize> {
        let named = self.given.iter().find(|(id, _)| id == mark);
        let numbered = || self.given.get(mark.parse::<usize>().ok()?.checked_sub(1)?);
        named.or_else(numbered).map(|(_, place)| *place)
    }

    fn anchor(&self, place: usize) -> String {
        format!("source-{}-{}", escaped(&self.answer), place + 1)
    }
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::UiMessage;
    use serde_json::{Value, json};

    use super::Sources;
    use crate::markdown::Document;

    fn sources(parts: &Value) -> Sources {
        let message: UiMessage =
            serde_json::from_value(json!({"id": "a", "role": "assistant", "parts": parts}))
                .unwrap();
        Sources::of(&message)
    }

    fn some() -> Sources {
        sources(&json!([
            { "type": "text", "text": "See these." },
            { "type": "source-url", "sourceId": "x", "url": "https://a.example", "title": "A" },
            { "type": "source-url", "sourceId": "y", "url": "https://a.example", "title": "A" },
            { "type": "source-url", "sourceId": "1", "url": "javascript:alert(1)", "title": "B" },
            { "type": "source-url", "sourceId": "z", "url": "HTTP://b.example" },
            { "type": "source-document", "sourceId": "d", "mediaType": "application/pdf",
              "title": "Report", "filename": "report.pdf" },
        ]))
    }

    fn text(markdown: &str) -> String {
        let sources = some();
        let document = Document::new(markdown);
        let html =
            document.blocks().iter().map(|it| it.html_with(|_| None, |it| sources.cited(it)));
        html.collect()
    }

    /// The addresses of the links in it.
    fn links(html: &str) -> Vec<&str> {
        let all = html.split("href=\"").skip(1);
        all.map(|rest| rest.split('"').next().unwrap_or_default()).collect()
    }

    #[test]
    fn only_addresses_of_the_web_are_linked_and_each_source_is_listed_once() {
        let list = some().list();
        assert_eq!(links(&list), ["https://a.example", "HTTP://b.example"]);
        assert_eq!(list.matches("<li").count(), 4, "{list}");
        assert!(list.contains("\">B</li>") && list.contains("Report (report.pdf)</li>"), "{list}");
        assert_eq!(sources(&json!([])).list(), "");
    }

    #[test]
    fn a_text_cites_by_numbers_and_ids() {
        for (markdown, addresses) in [
            ("So it is[2].", vec!["https://a.example"]),
            ("**Bold [4]**, `[4]`", vec!["HTTP://b.example"]),
            ("- one [^5]\n- two [d]", vec!["#source-a-4", "#source-a-4"]),
            (
                "| [x] | [2, 5] |\n|---|---|",
                vec!["https://a.example", "https://a.example", "#source-a-4"],
            ),
            // An id is meant before a number is.
            ("[1][5]", vec!["#source-a-2", "#source-a-4"]),
            ("[6] [0] [todo] [2, 6] [] [a b] [x", vec![]),
            ("```\n[2]\n```\n\n    [2]", vec![]),
        ] {
            assert_eq!(links(&text(markdown)), addresses, "{markdown}");
        }
        assert_eq!(text("[6] [2, 6] [a b] [x"), "<p>[6] [2, 6] [a b] [x</p>\n");
        assert_eq!(links(&text("[see [2]](https://c.example)")), ["https://c.example"]);
        let cited = text("a [2]");
        assert!(cited.contains("aria-label=\"Source 1: A\">1</a></sup>"), "{cited}");
    }

    #[test]
    fn what_a_source_says_is_text() {
        let bad = json!([{ "type": "source-url", "sourceId": "<b>", "title": "<img src=x onerror=y>\"",
                           "url": "https://a.example/\"onclick=\"x" }]);
        let sources = sources(&bad);
        for html in [sources.list(), sources.cited("1").unwrap()] {
            assert!(html.contains("&lt;img") && html.contains("&quot;onclick=&quot;"), "{html}");
            assert!(!html.contains("<img") && !html.contains("\"onclick"), "{html}");
        }
    }
}
