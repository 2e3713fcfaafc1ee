use std::time::Duration;

use domovoi_client::{FetchRequest, agent_fetch};
use serde_json::{Value, json};

use crate::{serve, support::Example};

async fn post(example: &Example, body: Value) -> (u16, Value) {
    let options = example.options("feed", "news");
    let answer = agent_fetch(&options, "entries", FetchRequest::post_json(&body)).await.unwrap();
    (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
}

async fn get(example: &Example, path: &str) -> (u16, String) {
    let options = example.options("feed", "news");
    let answer = agent_fetch(&options, path, FetchRequest::get()).await.unwrap();
    (answer.status, answer.body)
}

#[tokio::test]
async fn paths_json_and_streamed_bodies() {
    let (_folder, example) = serve(env!("CARGO_BIN_EXE_http_sse"));
    assert_eq!(get(&example, "").await, (200, "Hello from Feed!".to_owned()));
    assert_eq!(get(&example, "nowhere").await.0, 404);
    assert_eq!(post(&example, json!({"wrong": 1})).await.0, 422);
    let client = reqwest::Client::new();
    for number in 1..=101 {
        let request = client.post(example.url("/agents/feed/news/entries"));
        let body = json!({"text": format!("entry {number}")}).to_string();
        let answer = request.header("content-type", "application/json").body(body).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 201);
        let state: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(state["counter"], number);
    }
    let entries: Vec<Value> = serde_json::from_str(&get(&example, "entries").await.1).unwrap();
    assert_eq!((entries.len(), &entries[0]), (100, &json!({"id": 1, "text": "entry 1"})));
    let export = get(&example, "export").await.1;
    assert_eq!(export.lines().count(), 101);
    assert!(export.ends_with("entry 101\n"));
    let state: Value = serde_json::from_str(&get(&example, "state").await.1).unwrap();
    assert_eq!(state["counter"], 101);
}

async fn read_until(events: &mut reqwest::Response, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        let chunk = tokio::time::timeout(Duration::from_secs(20), events.chunk()).await.unwrap();
        text.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
    }
    text
}

#[tokio::test]
async fn events_go_on_where_a_client_left_off() {
    let (_folder, example) = serve(env!("CARGO_BIN_EXE_http_sse"));
    post(&example, json!({"text": "one"})).await;
    let url = example.url("/agents/feed/news/events");
    let mut events = reqwest::get(&url).await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let first = read_until(&mut events, "\n\n").await;
    assert_eq!(first, "id: 1\ndata: {\"id\":1,\"text\":\"one\"}\n\n");
    post(&example, json!({"text": "two"})).await;
    assert!(read_until(&mut events, "\n\n").await.starts_with("id: 2\n"));
    assert_eq!(get(&example, "readers").await.1, r#"{"readers":1}"#);

    drop(events);
    while get(&example, "readers").await.1 != r#"{"readers":0}"# {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    post(&example, json!({"text": "three"})).await;
    let again = reqwest::Client::new().get(&url).header("last-event-id", "2");
    let mut events = again.send().await.unwrap();
    assert!(read_until(&mut events, "\n\n").await.starts_with("id: 3\n"));
}
