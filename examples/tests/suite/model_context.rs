use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, response::IntoResponse, routing::post};
use serde_json::{Value, json};

use crate::support::Example;

type Requests = Arc<Mutex<Vec<Value>>>;

/// An endpoint that says how many messages it was sent, in two pieces.
async fn endpoint() -> (String, Requests) {
    async fn complete(
        State(requests): State<Requests>,
        Json(request): Json<Value>,
    ) -> impl IntoResponse {
        let count = request["messages"].as_array().unwrap().len();
        requests.lock().unwrap().push(request);
        let chunk = |delta: Value, reason: Value| {
            let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
            json!({"id": "x", "object": "chat.completion.chunk", "created": 0,
                   "model": "scripted", "choices": [choice]})
        };
        let chunks = [
            chunk(json!({"content": format!("{count} ")}), Value::Null),
            chunk(json!({"content": "messages"}), Value::Null),
            chunk(json!({}), json!("stop")),
        ];
        let body: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        ([("content-type", "text/event-stream")], format!("{body}data: [DONE]\n\n"))
    }
    let requests = Requests::default();
    let app = Router::new()
        .route("/v1/chat/completions", post(complete))
        .with_state(Arc::clone(&requests));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, requests)
}

#[tokio::test]
async fn the_model_is_told_what_was_said_before() {
    let folder = tempfile::tempdir().unwrap();
    let (address, requests) = endpoint().await;
    let arguments = [folder.path().to_str().unwrap()];
    let example = Example::start(env!("CARGO_BIN_EXE_model_context"), &arguments, &address);
    let ask = async |prompt: &str| {
        let request = reqwest::Client::new()
            .post(example.url("/agents/reasoner/me"))
            .header("content-type", "application/json")
            .body(json!({"prompt": prompt}).to_string());
        request.send().await.unwrap().text().await.unwrap()
    };
    assert_eq!(ask("one?").await, "2 messages");
    assert_eq!(ask("two?").await, "4 messages");
    let messages = requests.lock().unwrap()[1]["messages"].clone();
    assert_eq!(messages[1]["content"], "one?");
    assert_eq!(messages[2]["content"], "2 messages");
    assert_eq!(messages[3]["content"], "two?");
}
