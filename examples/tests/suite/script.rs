//! A model endpoint that says what a test wants said.

use axum::{Json, response::IntoResponse, routing::post};
use serde_json::{Value, json};

use crate::support;

/// What the model says to the messages it was sent.
pub enum Say {
    Words(String),
    /// Calls of tools: name and arguments.
    Calls(Vec<(&'static str, Value)>),
}

/// An endpoint whose model says what `next` makes of the messages; answers its address.
pub async fn endpoint(next: fn(&[Value]) -> Say) -> String {
    let complete = move |Json(request): Json<Value>| async move {
        let messages = request["messages"].as_array().unwrap();
        let (delta, reason) = match next(messages) {
            Say::Words(text) => (json!({ "content": text }), "stop"),
            Say::Calls(calls) => {
                let numbered = (messages.len() * 100..).zip(&calls).enumerate();
                let calls: Vec<Value> = numbered.map(call).collect();
                (json!({ "tool_calls": calls }), "tool_calls")
            }
        };
        let chunk = json!({
            "id": "x", "object": "chat.completion.chunk", "created": 0, "model": "scripted",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        });
        let body = format!("data: {chunk}\n\ndata: [DONE]\n\n");
        ([("content-type", "text/event-stream")], body).into_response()
    };
    support::endpoint(post(complete)).await
}

fn call((index, (number, (name, arguments))): (usize, (usize, &(&str, Value)))) -> Value {
    let function = json!({"name": name, "arguments": arguments.to_string()});
    json!({"index": index, "id": format!("c{number}"), "type": "function", "function": function})
}

/// What the tools have answered since the person last spoke.
pub fn answers(messages: &[Value]) -> Vec<&str> {
    let tools = messages.iter().rev().take_while(|message| message["role"] != "user");
    let mut answers: Vec<_> = tools
        .filter(|message| message["role"] == "tool")
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    answers.reverse();
    answers
}
