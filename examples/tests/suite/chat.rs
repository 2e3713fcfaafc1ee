use axum::{Json, routing::post};
use domovoi_client::fetch_messages;
use domovoi_protocol::UiMessage;
use serde_json::{Value, json};

use crate::{
    observer::Observer,
    support::{self, Example},
};

/// An endpoint that repeats the question.
async fn endpoint() -> String {
    async fn complete(Json(request): Json<Value>) -> ([(&'static str, &'static str); 1], String) {
        let question = request["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        let text = format!("You asked: {}", question.as_str().unwrap());
        let chunk = json!({
            "id": "x", "object": "chat.completion.chunk", "created": 0, "model": "scripted",
            "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}],
        });
        let body = format!("data: {chunk}\n\ndata: [DONE]\n\n");
        ([("content-type", "text/event-stream")], body)
    }
    support::endpoint(post(complete)).await
}

#[tokio::test]
async fn the_butler_speaks_by_himself_and_keeps_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let example = Example::serve(env!("CARGO_BIN_EXE_chat"), folder.path(), &endpoint().await);
    let mut me = Observer::connect(example.options("butler", "jeeves"));
    me.client.call::<()>("deliver", ("m", "The gate opens to sesame.")).await.unwrap();
    me.client.call::<String>("reportNow", ()).await.unwrap();
    assert_eq!(me.text().await, "Completed, 6 words");
    let history = fetch_messages(&example.options("butler", "jeeves")).await.unwrap();
    let texts: Vec<String> = history.iter().map(UiMessage::text).collect();
    assert_eq!(
        texts,
        ["The gate opens to [password].", "What is on today?", "You asked: What is on today?"]
    );
    let schedule: Value = me.client.call("reportMornings", ()).await.unwrap();
    assert_eq!((&schedule["type"], &schedule["callback"]), (&json!("cron"), &json!("report")));
}
