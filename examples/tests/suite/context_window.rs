use std::sync::{Arc, Mutex};

use axum::{Json, extract::State, routing::post};
use domovoi_client::{
    ClientEvent,
    chat::{ChatSession, ChatStatus, Effect},
};
use serde_json::{Value, json};

use crate::support::{self, Example};

/// What the model was told to be, request by request.
type Instructions = Arc<Mutex<Vec<String>>>;

/// An endpoint that agrees to everything, and has the same notes of every conversation.
async fn endpoint(instructions: Instructions) -> String {
    async fn complete(
        State(instructions): State<Instructions>,
        Json(request): Json<Value>,
    ) -> ([(&'static str, &'static str); 1], String) {
        let system = request["messages"][0]["content"].as_str().unwrap().to_owned();
        let notes = system.starts_with("You keep notes");
        let text = if notes { "They spoke of chalk." } else { "Quite so." };
        instructions.lock().unwrap().push(system);
        let chunk = json!({
            "id": "x", "object": "chat.completion.chunk", "created": 0, "model": "scripted",
            "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}],
        });
        let body = format!("data: {chunk}\n\ndata: [DONE]\n\n");
        ([("content-type", "text/event-stream")], body)
    }
    support::endpoint(post(complete).with_state(instructions)).await
}

#[tokio::test]
async fn a_long_conversation_is_summarised_and_facts_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let instructions = Instructions::default();
    let address = endpoint(Arc::clone(&instructions)).await;
    let example = Example::serve(env!("CARGO_BIN_EXE_context_window"), folder.path(), &address);
    let client = example.connect("companion", "anna");
    let mut events = client.events();
    client.start();
    client.call::<()>("remember", ("home", "She lives in Oslo.")).await.unwrap();
    client.call::<()>("remember", ("pet", "She has a cat.")).await.unwrap();
    assert!(client.call::<bool>("forget", ("pet",)).await.unwrap());
    let facts: Value = client.call("remembered", ()).await.unwrap();
    assert_eq!(facts, json!([{"key": "home", "text": "She lives in Oslo."}]));

    let mut session = ChatSession::default();
    let perform = |effects: Vec<Effect>| {
        for effect in effects {
            if let Effect::Send(frame) = effect {
                client.send_frame(&frame).unwrap();
            }
        }
    };
    perform(session.opened());
    for turn in 1..=6 {
        perform(session.submit("chalk ".repeat(200)));
        while session.status() != ChatStatus::Ready || session.message(turn * 2 - 1).is_none() {
            if let ClientEvent::Frame(frame) = events.recv().await.unwrap() {
                perform(session.handle(&frame));
            }
        }
        assert_eq!(session.message(turn * 2 - 1).unwrap().text(), "Quite so.");
    }
    let instructions = instructions.lock().unwrap();
    let facts = "You are good company.\n\nFacts to keep in mind:\n- She lives in Oslo.\n\
                 - The person is called anna.";
    assert_eq!(instructions[0], facts);
    let last = instructions.last().unwrap();
    assert!(last.starts_with(facts) && last.ends_with(":\nThey spoke of chalk."), "{last}");
}
