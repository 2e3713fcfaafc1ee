//! A provider that fails, in every way one can: the person is told, nothing is lost, and the next
//! turn works.

use domovoi_client::chat::{ChatSession, ChatStatus};
use domovoi_protocol::message::ToolState;
use serde_json::json;

use crate::support::{
    chatter::answer,
    llm_chat::{LlmChat, tool},
    provider::Provider,
};

/// The turn ends with an error that says one of these; then another turn works.
async fn fails(mut chat: LlmChat, words: &[&str], kept: &str) {
    chat.chatter.until("failed", |it| it.status() == ChatStatus::Error).await;
    let error = chat.chatter.session().error().unwrap().to_owned();
    assert!(words.iter().any(|words| error.contains(words)), "{error}");
    assert!(!error.contains("sk-secret"), "{error}");
    let mut texts = vec!["hello"];
    texts.extend((!kept.is_empty()).then_some(kept));
    chat.goes_on(&texts).await;
}

#[tokio::test]
async fn that_is_not_there() {
    let mut chat = LlmChat::start().await;
    let address = chat.provider.url.strip_prefix("http://").unwrap();
    let address = address.strip_suffix("/v1").unwrap().to_owned();
    // Nobody listens now, and later somebody does.
    let there = std::mem::replace(&mut chat.provider, Provider::start().await);
    there.stop().await;
    chat.chatter.say("hello");
    chat.chatter.until("failed", |it| it.status() == ChatStatus::Error).await;
    chat.provider = Provider::start_at(&address).await;
    fails(chat, &[&address], "").await;
}

#[tokio::test]
async fn that_refuses_the_key() {
    let mut chat = LlmChat::start().await;
    chat.ask().await.refuse("401 Unauthorized", "", "Incorrect API key: sk-secret").await;
    fails(chat, &["refused the API key"], "").await;
}

#[tokio::test]
async fn that_wants_fewer_requests_for_a_time() {
    let mut chat = LlmChat::start().await;
    chat.ask().await.refuse("429 Too Many Requests", "retry-after: 7\r\n", "slow down").await;
    fails(chat, &["7 seconds"], "").await;
}

#[tokio::test]
async fn that_wants_fewer_requests() {
    let mut chat = LlmChat::start().await;
    chat.ask().await.refuse("429 Too Many Requests", "", "slow down").await;
    fails(chat, &["slow down"], "").await;
}

#[tokio::test]
async fn that_is_broken() {
    let mut chat = LlmChat::start().await;
    chat.ask().await.refuse("500 Internal Server Error", "", "out of cheese").await;
    fails(chat, &["out of cheese"], "").await;
}

#[tokio::test]
async fn that_says_nothing_until_it_is_stopped() {
    let mut chat = LlmChat::start().await;
    let asked = chat.ask().await;
    chat.chatter.act(ChatSession::stop);
    asked.closed().await;
    chat.chatter.rest().await;
    chat.goes_on(&["hello"]).await;
}

#[tokio::test]
async fn that_falls_silent_until_it_is_stopped() {
    let mut chat = LlmChat::start().await;
    let asked = chat.ask().await.begin().await.text("Once upon").await;
    chat.chatter.until("begun", |it| answer(it) == "Once upon").await;
    chat.chatter.act(ChatSession::stop);
    asked.closed().await;
    chat.chatter.rest().await;
    chat.goes_on(&["hello", "Once upon"]).await;
}

#[tokio::test]
async fn that_is_gone_in_the_middle() {
    let mut chat = LlmChat::start().await;
    let asked = chat.ask().await.begin().await.text("Once upon").await;
    drop(asked);
    fails(chat, &["in the middle of its answer"], "Once upon").await;
}

#[tokio::test]
async fn that_does_not_speak_http() {
    let mut chat = LlmChat::start().await;
    drop(chat.ask().await.raw(b"\x00\xffEHLO\r\n\r\n").await);
    fails(chat, &["cannot be reached", "answered with an error"], "").await;
}

#[tokio::test]
async fn that_answers_with_a_page() {
    let mut chat = LlmChat::start().await;
    chat.ask().await.answer("200 OK", "", "<html>Welcome to nginx!</html>").await;
    fails(chat, &["OpenAI-compatible"], "").await;
}

#[tokio::test]
async fn that_streams_garbage() {
    let mut chat = LlmChat::start().await;
    let asked = chat.ask().await.begin().await.text("Once upon").await;
    drop(asked.raw(b"data: {\"choices\": [garbage\n\n").await);
    fails(chat, &["not a chat completion"], "Once upon").await;
}

#[tokio::test]
async fn that_sends_ten_megabytes_at_once() {
    let mut chat = LlmChat::start().await;
    let asked = chat.ask().await.begin().await.text("Once upon").await;
    asked.flood(&"a lot ".repeat(10_000_000 / 6)).await;
    fails(chat, &["more than 4 MB"], "Once upon").await;
}

#[tokio::test]
async fn that_sends_three_megabytes_at_once() {
    let mut chat = LlmChat::start().await;
    let large = "a lot ".repeat(3_000_000 / 6);
    chat.ask().await.say(&large).await;
    chat.chatter.until("answered", |it| answer(it).len() == large.len()).await;
    chat.chatter.rest().await;
    chat.goes_on(&["hello", &large]).await;
}

#[tokio::test]
async fn that_calls_a_tool_nobody_has() {
    let mut chat = LlmChat::start().await;
    chat.ask().await.call("launchRocket", "{}").await;
    let asked = chat.provider.asked().await;
    assert_eq!(asked.messages().last().unwrap()["role"], "tool");
    assert!(asked.messages().last().unwrap()["content"].to_string().contains("launchRocket"));
    asked.say("Then not.").await;
    has_a_failed_tool(chat, "launchRocket").await;
}

#[tokio::test]
async fn that_calls_a_tool_with_arguments_that_are_not_json() {
    let mut chat = LlmChat::start().await;
    chat.ask().await.call("getWeather", r#"{"city": "#).await;
    let asked = chat.provider.asked().await;
    let told = asked.messages().last().unwrap();
    assert_eq!(told["role"], json!("tool"));
    assert!(told["content"].to_string().contains("JSON"), "{told}");
    asked.say("Then not.").await;
    has_a_failed_tool(chat, "getWeather").await;
}

/// The turn ends well, with the tool's failure in it, and the next one works.
async fn has_a_failed_tool(mut chat: LlmChat, name: &str) {
    chat.chatter.until("answered", |it| answer(it) == "Then not.").await;
    chat.chatter.rest().await;
    assert_eq!(chat.chatter.session().status(), ChatStatus::Ready);
    let last = chat.history().await.pop().unwrap();
    let tool = tool(&last).unwrap();
    assert_eq!((tool.name(), tool.state), (name, ToolState::OutputError), "{tool:?}");
    assert!(tool.error_text.as_ref().is_some_and(|text| !text.is_empty()), "{tool:?}");
    chat.goes_on(&["hello", "Then not."]).await;
}
