//! The OpenAI-compatible provider against llama.cpp's own server, which nobody here wrote.
#![cfg(unix)]
use std::process::Stdio;

use domovoi_models::openai::{OpenAiConfig, OpenAiModel};
use domovoi_models::{
    FinishReason, LanguageModel, ModelError, ModelEvent, ModelMessage, ResponseFormat, ToolCall,
    ToolDefinition, Usage,
};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::weights::{smollm2, target};
use crate::support::{ask, reply, text};

async fn peer() -> (Child, OpenAiModel) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer/llama-server.sh");
    let mut child = Command::new(script)
        .arg(target().join("peer/xllamacpp"))
        .arg(smollm2().await)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.next_line().await.unwrap().expect("the server says where it is");
    let config =
        OpenAiConfig { base_url: format!("{address}/v1"), api_key: None, model: "local".into() };
    (child, OpenAiModel::new(config).unwrap())
}

fn weather_in(city: &str) -> ToolCall {
    ToolCall {
        id: format!("call-{city}"),
        name: "weather".into(),
        arguments: json!({"city": city}).to_string(),
    }
}

/// One test: the server takes longer to start than all of it to run.
#[tokio::test]
async fn llama_cpps_own_server_is_understood() {
    let (_child, model) = peer().await;

    let mut request = ask("Say hello.", 12);
    request.temperature = Some(0.0);
    let events = reply(&model, request.clone()).await.unwrap();
    assert!(!text(&events).is_empty(), "{events:?}");
    let Some(Ok(ModelEvent::Finish { usage: Some(usage), .. })) = events.last() else {
        panic!("{events:?}");
    };
    let Usage { input_tokens, output_tokens } = *usage;
    assert!(input_tokens > 10 && (1..=12).contains(&output_tokens), "{usage:?}");

    // It has one slot, so the second answer shows that the first one was stopped.
    let mut long = model.stream(ask("Count from 1 to 1000.", 1500)).await.unwrap();
    long.next().await.unwrap().unwrap();
    drop(long);
    let events = reply(&model, ask("Say hello.", 2)).await.unwrap();
    assert!(
        matches!(
            events.last(),
            Some(Ok(ModelEvent::Finish { reason: FinishReason::Length | FinishReason::Stop, .. }))
        ),
        "{events:?}"
    );

    request.tools = vec![ToolDefinition {
        name: "weather".into(),
        description: "The weather in a city.".into(),
        parameters: json!({
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        }),
    }];
    let events = reply(&model, request.clone()).await.unwrap();
    assert!(matches!(events.last(), Some(Ok(ModelEvent::Finish { .. }))), "{events:?}");

    // A small model does as was done before.
    let mut messages = Vec::new();
    for city in ["Oslo", "Paris", "Berlin", "Madrid"] {
        let call = weather_in(city);
        let content = "4 degrees".to_owned();
        messages.extend([
            ModelMessage::User { content: format!("What is the weather in {city}?").into() },
            ModelMessage::Assistant { content: String::new(), tool_calls: vec![call.clone()] },
            ModelMessage::Tool { tool_call_id: call.id, content },
        ]);
    }
    messages.push(ModelMessage::User { content: "What is the weather in Rome?".into() });
    let simple = std::mem::replace(&mut request.messages, messages);
    request.max_tokens = Some(60);
    let events = reply(&model, request.clone()).await.unwrap();
    let mut shown = String::new();
    for event in &events {
        if let Ok(ModelEvent::ToolCallDelta { delta, .. }) = event {
            shown.push_str(delta);
        }
    }
    let [.., Ok(ModelEvent::ToolCall(call)), Ok(ModelEvent::Finish { reason, usage: Some(usage) })] =
        events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((call.name.as_str(), &call.arguments), ("weather", &shown));
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), json!({"city": "Rome"}));
    assert_eq!(*reason, FinishReason::ToolCalls);
    assert!(usage.input_tokens > 200 && usage.output_tokens > 10, "{usage:?}");

    request.messages = simple;
    request.tools.clear();
    request.response_format = Some(ResponseFormat::JsonSchema {
        name: "person".into(),
        schema: json!({
            "type": "object",
            "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer", "maximum": 99}},
            "required": ["name", "age"],
            "additionalProperties": false,
        }),
    });
    let events = reply(&model, request).await.unwrap();
    let person: Value = serde_json::from_str(&text(&events)).unwrap();
    assert!(person["name"].is_string() && person["age"].is_i64(), "{person}");

    let error = reply(&model, ask(&"word ".repeat(3000), 9)).await.unwrap_err();
    assert!(matches!(error, ModelError::ContextExceeded { limit: 2048, .. }), "{error:?}");
}
