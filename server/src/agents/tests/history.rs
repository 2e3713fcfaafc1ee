//! What the assistant reads of a conversation, and of the files in it.

use axum::body::{Body, to_bytes};
use domovoi_models::{ModelMessage, UserPart, testing::ScriptedModel};
use domovoi_protocol::{Part, Role, UiMessage};
use http::Request;
use serde_json::Value;

use super::{Assistant, say, says, start_with};

/// Attaches a file to a conversation; the part that a message has of it.
async fn attach(test: &super::TestAgents, name: &str, content: &[u8]) -> Part {
    let request = Request::post(format!("/agents/assistant/talk/files?name={name}"));
    let answer = test.request(request.body(Body::from(content.to_vec())).unwrap()).await;
    assert_eq!(answer.status(), 201);
    let part = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&part).unwrap()
}

fn question(id: &str, part: Part) -> UiMessage {
    let mut message = UiMessage::new(id, Role::User, format!("Look at {id}."));
    message.parts.push(part);
    message
}

#[tokio::test]
async fn a_turn_in_a_long_conversation_reads_little_of_it() {
    let model = ScriptedModel::new((0..5).map(|_| says("Notes.")));
    let (test, _) = start_with(model.with_context_window(4_000));
    let assistant = test.get::<Assistant>("talk").unwrap();
    let messages = (0..10_000).map(|number| {
        let role = if number % 2 == 0 { Role::User } else { Role::Assistant };
        UiMessage::new(
            format!("m{number}"),
            role,
            "ten words or so, as people say them now and then",
        )
    });
    let messages: Vec<_> = messages.collect();
    let save = |_, cx: super::Context<Assistant>| async move { cx.save_messages(messages) };
    assistant.run(save).await.unwrap().unwrap();
    let before = test.agents().figures().messages_read;
    say(&test, "talk", "And?").await;
    let read = test.agents().figures().messages_read - before;
    assert!(read < 2_000, "{read}");
}

#[tokio::test]
async fn a_model_is_sent_texts_and_the_images_it_can_see() {
    let png = b"\x89PNG\r\n\x1a\n and so on";
    for sees in [false, true] {
        let model = ScriptedModel::new([says("I see.")]);
        let (test, model) = start_with(if sees { model.with_images() } else { model });
        let picture = attach(&test, "a.png", png).await;
        let text = attach(&test, "a.txt", b"tea with milk").await;
        let assistant = test.get::<Assistant>("talk").unwrap();
        let messages = [question("picture", picture), question("text", text)];
        let save = |_, cx: super::Context<Assistant>| async move { cx.save_messages(messages) };
        assistant.run(save).await.unwrap().unwrap();
        say(&test, "talk", "What do you see?").await;
        let request = model.requests().pop().unwrap();
        let parts = request.messages.iter().filter_map(|message| match message {
            ModelMessage::User { content } => Some(content.parts()),
            _ => None,
        });
        let parts: Vec<UserPart> = parts.flat_map(|parts| parts.to_vec()).collect();
        let said = serde_json::to_string(&parts).unwrap();
        assert!(said.contains("tea with milk"), "{said}");
        assert_eq!(said.contains("data:image/png;base64,iVBOR"), sees, "{said}");
        // What is kept has the address alone.
        let kept = test.request(
            Request::get("/agents/assistant/talk/get-messages").body(Body::empty()).unwrap(),
        );
        let kept = to_bytes(kept.await.into_body(), usize::MAX).await.unwrap();
        let kept: Vec<Value> = serde_json::from_slice(&kept).unwrap();
        assert_eq!(kept[0]["parts"][1]["url"].as_str().unwrap().split('/').nth(4), Some("files"));
    }
}
