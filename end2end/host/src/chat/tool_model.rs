//! A model that calls what the person names, and is done when it is answered.

use std::time::Duration;

use domovoi_models::{
    FinishReason, LanguageModel, ModelError, ModelEvent, ModelMessage, ModelReadiness,
    ModelRequest, ModelStatus, ModelStream, ToolCall,
};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use serde_json::{Value, json};
use tokio::{sync::watch, time::sleep};
use uuid::Uuid;

/// How long it thinks before its first event.
const FIRST: Duration = Duration::from_millis(100);

/// How long it thinks before each other one.
const BETWEEN: Duration = Duration::from_millis(20);

const NAME: &str = "tool-model";

pub(crate) struct ToolModel {
    status: watch::Sender<ModelStatus>,
}

impl ToolModel {
    pub(crate) fn new() -> Self {
        let (name, readiness) = (NAME.to_owned(), ModelReadiness::Ready);
        Self { status: watch::Sender::new(ModelStatus::new(name, readiness)) }
    }
}

impl LanguageModel for ToolModel {
    fn name(&self) -> &str {
        NAME
    }

    fn status(&self) -> watch::Receiver<ModelStatus> {
        self.status.subscribe()
    }

    fn stream(&self, request: ModelRequest) -> BoxFuture<'_, Result<ModelStream, ModelError>> {
        let events = stream::iter(answer(&request.messages)).enumerate();
        let events = events.then(|(index, event)| async move {
            sleep(if index == 0 { FIRST } else { BETWEEN }).await;
            Ok(event)
        });
        async move { Ok(events.boxed()) }.boxed()
    }
}

fn answer(messages: &[ModelMessage]) -> Vec<ModelEvent> {
    let asked = messages.iter().rposition(|message| matches!(message, ModelMessage::User { .. }));
    let since = &messages[asked.map_or(0, |asked| asked + 1)..];
    let answered = since.iter().any(|message| matches!(message, ModelMessage::Tool { .. }));
    let calls = match asked.map(|asked| &messages[asked]) {
        Some(ModelMessage::User { content }) if !answered => calls(content.text().trim()),
        _ => Vec::new(),
    };
    let (mut events, reason) = if calls.is_empty() {
        (vec![ModelEvent::Text("Done.".to_owned())], FinishReason::Stop)
    } else {
        let call = |(name, arguments): (&str, Value)| {
            ModelEvent::ToolCall(ToolCall {
                id: format!("call-{}", Uuid::new_v4()),
                name: name.to_owned(),
                arguments: arguments.to_string(),
            })
        };
        (calls.into_iter().map(call).collect(), FinishReason::ToolCalls)
    };
    events.push(ModelEvent::Finish { reason, usage: None });
    events
}

/// Tools and arguments by what the person says.
fn calls(said: &str) -> Vec<(&'static str, Value)> {
    match said {
        "server-tool" => vec![("getWeather", json!({"city": "Oslo"}))],
        "client-tool" => vec![("getTimezone", json!({}))],
        "approval" => vec![("deleteFile", json!({"path": "a.txt"}))],
        "parallel" => ["Oslo", "Rome"].map(|city| ("getWeather", json!({ "city": city }))).into(),
        "bad-args" => vec![("getWeather", json!({"city": 5}))],
        "slow-tool" => vec![("slowTool", json!({}))],
        _ => Vec::new(),
    }
}
