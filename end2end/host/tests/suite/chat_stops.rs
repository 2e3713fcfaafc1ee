//! Stop, in every phase of a turn: the provider is hung up on, what was written is kept, and the
//! next turn works.

use domovoi_client::chat::{ChatSession, Decision};
use domovoi_protocol::{chat::CancelFrame, message::ToolState};
use serde_json::json;

use crate::support::{
    chatter::answer,
    llm_chat::{LlmChat, tool},
};

#[tokio::test]
async fn in_the_queue() {
    let mut chat = LlmChat::start().await;
    let first = chat.ask().await.begin().await.text("Once").await;
    let other = chat.join();
    other.until("joined", |it| answer(it) == "Once").await;
    let turn = other.say("me too");
    other.send(CancelFrame { id: turn }.into());
    let running = chat.chatter.session().active_turn().unwrap().to_owned();
    other.until("taken back", |it| it.active_turn() == Some(&running)).await;
    // The one that runs goes on as if nothing had been.
    first.text(" upon a time.").await.finish("stop").await;
    chat.chatter.until("whole", |it| answer(it) == "Once upon a time.").await;
    chat.chatter.rest().await;
    other.rest().await;
    let texts = chat.texts().await;
    assert!(texts.len() < 4, "the stopped one is not answered: {texts:?}");
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    chat.goes_on(&texts).await;
}

#[tokio::test]
async fn before_the_first_token() {
    let mut chat = LlmChat::start().await;
    let asked = chat.ask().await.begin().await;
    chat.chatter.act(ChatSession::stop);
    asked.closed().await;
    chat.chatter.rest().await;
    chat.goes_on(&["hello"]).await;
}

#[tokio::test]
async fn in_the_text() {
    let mut chat = LlmChat::start().await;
    let asked = chat.ask().await.begin().await.text("Once ").await.text("upon").await;
    chat.chatter.until("begun", |it| answer(it) == "Once upon").await;
    chat.chatter.act(ChatSession::stop);
    asked.closed().await;
    chat.chatter.rest().await;
    let last = chat.history().await.pop().unwrap();
    assert_eq!(last.metadata.unwrap()["turn"]["outcome"], "aborted");
    chat.goes_on(&["hello", "Once upon"]).await;
}

#[tokio::test]
async fn in_a_tool() {
    let mut chat = LlmChat::start().await;
    chat.ask()
        .await
        .begin()
        .await
        .text("Wait.")
        .await
        .tool_call("slowTool", "{}")
        .await
        .finish("tool_calls")
        .await;
    let state = |it: &ChatSession| Some(tool(it.messages().next_back()?)?.state);
    // It shows at once how far it is.
    let runs = [Some(ToolState::InputAvailable), Some(ToolState::OutputAvailable)];
    chat.chatter.until("called", |it| runs.contains(&state(it))).await;
    chat.chatter.act(ChatSession::stop);
    chat.chatter.rest().await;
    let last = chat.history().await.pop().unwrap();
    assert_eq!(tool(&last).unwrap().output, None);
    chat.goes_on(&["hello", "Wait."]).await;
}

/// The model asks for a tool that a person must approve; the call's id.
async fn asked_for_approval(chat: &mut LlmChat) -> String {
    chat.ask().await.call("deleteFile", r#"{"path": "a.txt"}"#).await;
    let state = |it: &ChatSession| Some(tool(it.messages().next_back()?)?.state);
    chat.chatter.until("asked", |it| state(it) == Some(ToolState::ApprovalRequested)).await;
    chat.chatter.rest().await;
    let last = chat.history().await.pop().unwrap();
    tool(&last).unwrap().tool_call_id.clone()
}

#[tokio::test]
async fn in_an_approval() {
    let mut chat = LlmChat::start().await;
    asked_for_approval(&mut chat).await;
    // Nothing runs, and the question stays for whoever answers it.
    chat.chatter.act(ChatSession::stop);
    chat.chatter.rest().await;
    let last = chat.history().await.pop().unwrap();
    assert_eq!(tool(&last).unwrap().state, ToolState::ApprovalRequested);
    chat.goes_on(&["hello", ""]).await;
}

#[tokio::test]
async fn in_a_continuation() {
    let mut chat = LlmChat::start().await;
    let call = asked_for_approval(&mut chat).await;
    let yes = Decision { approved: true, ..Decision::default() };
    chat.chatter.act(|session| session.add_tool_approval(&call, yes));
    let asked = chat.provider.asked().await.begin().await.text("It is").await;
    chat.chatter.until("gone on", |it| answer(it) == "It is").await;
    chat.chatter.act(ChatSession::stop);
    asked.closed().await;
    chat.chatter.rest().await;
    let last = chat.history().await.pop().unwrap();
    assert_eq!(tool(&last).unwrap().output, Some(json!({"deleted": "a.txt"})));
    chat.goes_on(&["hello", "It is"]).await;
}
