//! Every example runs and does what the guide says.

use std::sync::{Arc, Mutex};

use crate::support::{self, Example};
use axum::{Json, extract::State, response::IntoResponse, routing::post};
use domovoi_client::ClientEvent;
use serde_json::{Value, json};

#[tokio::test]
async fn counter_counts() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_counter");
    let example = Example::serve(program, folder.path(), "http://127.0.0.1:9/v1");
    let client = example.connect("counter", "mine");
    let mut events = client.events();
    client.start();
    client.call::<()>("increment", ()).await.unwrap();
    client.call::<()>("increment", ()).await.unwrap();
    loop {
        if let ClientEvent::Frame(domovoi_protocol::ServerFrame::State(frame)) =
            events.recv().await.unwrap()
            && frame.state == json!({"counter": 2})
        {
            break;
        }
    }
}

#[tokio::test]
async fn mount_greets() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_mount");
    let example = Example::start(program, &[folder.path().to_str().unwrap()], "");
    let client = example.connect("greeter", "house");
    client.start();
    let greeting: String = client.call("greet", ("Ada",)).await.unwrap();
    assert_eq!(greeting, "Hello Ada, this is house");
}

/// An endpoint that calls the tool, then says what it was told. The embedded model is too small
/// for tools, and no other model runs here.
async fn endpoint() -> (String, Arc<Mutex<Vec<Value>>>) {
    async fn complete(
        State(requests): State<Arc<Mutex<Vec<Value>>>>,
        Json(request): Json<Value>,
    ) -> impl IntoResponse {
        let last = request["messages"].as_array().unwrap().last().unwrap().clone();
        requests.lock().unwrap().push(request);
        let (delta, reason) = if last["role"] == "tool" {
            (
                json!({"content": format!("It has {} words.", last["content"].as_str().unwrap())}),
                "stop",
            )
        } else {
            let arguments = json!({"text": "one two three"}).to_string();
            let function = json!({"name": "count_words", "arguments": arguments});
            let call = json!({"index": 0, "id": "c1", "type": "function", "function": function});
            (json!({ "tool_calls": [call] }), "tool_calls")
        };
        let chunk = json!({
            "id": "x", "object": "chat.completion.chunk", "created": 0, "model": "scripted",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        });
        let body = format!("data: {chunk}\n\ndata: [DONE]\n\n");
        ([("content-type", "text/event-stream")], body)
    }
    let requests = Arc::default();
    let address = support::endpoint(post(complete).with_state(Arc::clone(&requests))).await;
    (address, requests)
}

#[tokio::test]
async fn tool_is_called_by_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let (address, requests) = endpoint().await;
    let example = Example::serve(env!("CARGO_BIN_EXE_tool"), folder.path(), &address);
    let answer = example.ask("How many words?").await.text();
    assert_eq!(answer, "It has 3 words.");
    let tools = requests.lock().unwrap()[0]["tools"].clone();
    assert_eq!(tools[0]["function"]["description"], "Counts the words of a text.");
}
