//! The page as the server renders it: with all its data, and nothing a model could slip in.
#![cfg(feature = "ssr")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::sync::Arc;

use domovoi_app::{
    PageAssets, PageData, Program, shell,
    types::{Conversation, ConversationsState, ModelView, Readiness, SystemState},
};
use domovoi_protocol::{Role, UiMessage};
use futures::{FutureExt, StreamExt, future::BoxFuture};
use hydration_context::SsrSharedContext;
use leptos::{prelude::*, tachys::view::RenderHtml};
use leptos_meta::ServerMetaContext;
use leptos_router::location::RequestUrl;
use serde_json::json;

const ID: &str = "0b3f2a52-7a30-4a8e-9d0e-0e6f3c1f7c11";

/// Why an answer is not whole.
const CUT: &str = "The server stopped while answering. Please try again.";

struct Sample;

impl PageData for Sample {
    fn conversations(&self) -> BoxFuture<'_, ConversationsState> {
        async {
            let conversations = vec![Conversation {
                id: ID.to_owned(),
                title: "Bread & <b>butter</b>".to_owned(),
                created_at: 1,
                updated_at: 2,
                ..Conversation::default()
            }];
            ConversationsState { conversations, ..ConversationsState::default() }
        }
        .boxed()
    }

    fn messages(&self, id: String) -> BoxFuture<'_, Vec<UiMessage>> {
        async move {
            if id != ID {
                return Vec::new();
            }
            let answer = "Because **yeast** eats sugar.\n\n```rust\nlet a = 1 < 2;\n```\n\n\
                <script>alert(1)</script> [x](javascript:alert(1))";
            let mut stopped = UiMessage::new("a2", Role::Assistant, "Half an");
            stopped.metadata = Some(json!({ "turn": { "outcome": "interrupted", "error": CUT } }));
            vec![
                UiMessage::new("u1", Role::User, "Why does <i>bread</i> rise?"),
                UiMessage::new("a1", Role::Assistant, answer),
                UiMessage::new("u2", Role::User, "And butter?"),
                stopped,
            ]
        }
        .boxed()
    }

    fn system(&self) -> BoxFuture<'_, SystemState> {
        async {
            SystemState {
                version: "0.1.0".to_owned(),
                model: ModelView { name: "qwen".to_owned(), readiness: Readiness::Ready },
                routes: Vec::new(),
            }
        }
        .boxed()
    }
}

async fn render(path: &str, cookie: &str) -> String {
    // A second test in the same process finds it set.
    let _ = any_spawner::Executor::init_tokio();
    let request = http::Request::builder().uri(path).header("cookie", cookie).body(());
    let (parts, ()) = request.unwrap().into_parts();
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new())));
    let (meta, _output) = ServerMetaContext::new();
    let program = |name: &str| Program {
        js: format!("/assets/{name}.1.js"),
        wasm: format!("/assets/{name}.2.wasm"),
    };
    let assets = PageAssets {
        chat: program("chat"),
        work: program("work"),
        css: "/assets/app.3.css".to_owned(),
        favicon: "/assets/favicon.4.svg".to_owned(),
        ..PageAssets::default()
    };
    let stream = owner.with(|| {
        provide_context(RequestUrl::new(path));
        provide_context(parts);
        provide_context(meta);
        provide_context(Arc::new(Sample) as Arc<dyn PageData>);
        shell(assets).to_html_stream_in_order()
    });
    let html = stream.collect::<String>().await;
    drop(owner);
    html
}

/// The HTML of the element with this attribute, up to the next list item.
fn item<'a>(html: &'a str, attribute: &str) -> &'a str {
    let at = html.find(attribute).unwrap_or_else(|| panic!("{attribute} in {html}"));
    let start = html[..at].rfind("<li").unwrap();
    &html[start..start + html[start..].find("</li>").unwrap()]
}

#[tokio::test]
async fn a_conversation_arrives_with_its_messages() {
    let html = render(&format!("/c/{ID}"), "theme=dark").await;
    assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\" data-theme=\"dark\">"), "{html}");
    for asset in ["/assets/chat.1.js", "/assets/chat.2.wasm", "/assets/app.3.css", "favicon.4.svg"]
    {
        assert!(html.contains(asset), "{asset}");
    }
    let question = item(&html, "data-message-id=\"u1\"");
    assert!(question.contains("data-testid=\"message-user\""));
    assert!(question.contains("Why does &lt;i&gt;bread&lt;/i&gt; rise?"), "{question}");
    let answer = item(&html, "data-message-id=\"a1\"");
    assert!(answer.contains("data-status=\"done\""));
    assert!(answer.contains("<p>Because <strong>yeast</strong> eats sugar.</p>"), "{answer}");
    assert!(answer.contains("<code>let a = 1 &lt; 2;\n</code>"), "{answer}");
    assert!(answer.contains("data-testid=\"copy-code\""));
    assert!(!answer.contains("<script") && !answer.contains("href=\"javascript"), "{answer}");
    assert!(item(&html, "data-message-id=\"a2\"").contains("data-status=\"stopped\""));
    assert!(html.contains("This answer was cut off when Domovoi stopped."), "{html}");
    assert_eq!(html.matches("data-testid=\"retry\"").count(), 1);
    assert!(item(&html, &format!("data-id=\"{ID}\"")).contains("Bread &amp; &lt;b&gt;butter"));
    assert!(html.contains("data-state=\"ready\""));
}

#[tokio::test]
async fn a_new_conversation_greets() {
    let html = render("/", "").await;
    assert!(html.contains("<html lang=\"en\">"), "{html}");
    assert_eq!(html.matches("data-testid=\"suggestion\"").count(), 4);
    assert!(!html.contains("data-testid=\"message-user\""));
    assert!(html.contains("data-testid=\"conversation-item\""));
}

#[tokio::test]
async fn pages_of_agents_at_work_have_a_program_of_their_own() {
    for (path, program, other) in [("/tasks", "work", "chat"), ("/", "chat", "work")] {
        let html = render(path, "").await;
        assert!(html.contains(&format!("/assets/{program}.1.js")), "{path}");
        assert!(!html.contains(&format!("/assets/{other}.")), "{path}");
    }
}

#[tokio::test]
async fn an_address_that_leads_nowhere() {
    let html = render("/nowhere/at/all", "").await;
    assert!(html.contains("This address leads nowhere."), "{html}");
    assert!(!html.contains("data-testid=\"composer-input\""));
}

/// Texts that are not the same in both languages, in English.
fn english() -> Vec<String> {
    type Texts = std::collections::BTreeMap<String, String>;
    let english: Texts = serde_json::from_str(include_str!("../locales/en.json")).unwrap();
    let german: Texts = serde_json::from_str(include_str!("../locales/de.json")).unwrap();
    let whole = english.into_iter().filter(|(name, text)| german[name] != *text);
    // The mark at the end of a question is a key as well.
    let words = |text: &String| !text.contains('{') && text.chars().any(char::is_alphabetic);
    whole.map(|(_, text)| text).filter(words).collect()
}

/// Which of these texts stand in the page, or name something in it.
fn shown<'a>(html: &str, texts: &'a [String]) -> Vec<&'a str> {
    let stands = |text: &&String| {
        let text = text.replace('&', "&amp;");
        html.contains(&format!(">{text}<"))
            || ["aria-label", "title", "placeholder"]
                .iter()
                .any(|name| html.contains(&format!(" {name}=\"{text}\"")))
    };
    texts.iter().filter(stands).map(String::as_str).collect()
}

#[tokio::test]
async fn a_page_in_german_has_no_english_in_it() {
    let english = english();
    let conversation = format!("/c/{ID}");
    for path in [
        "/",
        &conversation,
        "/approvals",
        "/tasks",
        "/tasks/new",
        "/agents",
        "/folders",
        "/prompts",
        "/nowhere",
    ] {
        let html = render(path, "language=de").await;
        assert!(html.contains("<html lang=\"de\""), "{path}");
        assert_eq!(shown(&html, &english), Vec::<&str>::new(), "{path}");
        // The other way round the same texts are found, or nothing would have been looked at.
        assert!(!shown(&render(path, "").await, &english).is_empty(), "{path}");
    }
}
