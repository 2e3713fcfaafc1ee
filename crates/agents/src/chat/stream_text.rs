//! A model, its tools, and the loop between them.

use std::{fmt, sync::Arc};

use async_stream::try_stream;
use domovoi_models::{
    FinishReason, LanguageModel, ModelEvent, ModelMessage, ModelRequest, RequestMetadata, ToolCall,
};
use domovoi_protocol::{Chunk, UiMessage};
use futures::{Stream, StreamExt, future::join_all};
use serde_json::{Value, json};

use super::{
    ChatReply, Tool, ToolContext,
    model_history::{as_text, to_model},
    part_writer::{Kind, PartWriter},
};
use crate::Result;

/// Most calls of the model in one turn, where nothing else is said.
const DEFAULT_MAX_STEPS: usize = 8;

/// Answers with a language model: sends it the history, runs the tools it calls, gives it their
/// results, and so on until it answers in words.
pub struct StreamText {
    model: Arc<dyn LanguageModel>,
    request: ModelRequest,
    tools: Vec<Arc<dyn Tool>>,
    max_steps: usize,
}

impl fmt::Debug for StreamText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamText").field("model", &self.model.name()).finish_non_exhaustive()
    }
}

impl StreamText {
    /// An answer of `model`.
    #[must_use]
    pub fn new(model: Arc<dyn LanguageModel>) -> Self {
        let request = ModelRequest::default();
        Self { model, request, tools: Vec::new(), max_steps: DEFAULT_MAX_STEPS }
    }

    /// Puts instructions before the history.
    #[must_use]
    pub fn system(mut self, instructions: impl Into<String>) -> Self {
        self.request.messages.insert(0, ModelMessage::System { content: instructions.into() });
        self
    }

    /// Adds the history.
    #[must_use]
    pub fn messages(mut self, history: &[UiMessage]) -> Self {
        let images = self.model.accepts_images();
        self.request.messages.extend(history.iter().flat_map(|message| to_model(message, images)));
        self
    }

    /// Lets the model call a tool.
    #[must_use]
    pub fn tool(self, tool: impl Tool) -> Self {
        self.tools([Arc::new(tool) as Arc<dyn Tool>])
    }

    /// Lets the model call these tools.
    #[must_use]
    pub fn tools(mut self, tools: impl IntoIterator<Item = Arc<dyn Tool>>) -> Self {
        for tool in tools {
            self.request.tools.push(tool.definition());
            self.tools.push(tool);
        }
        self
    }

    /// Limits the calls of the model in this turn. Default: 8.
    #[must_use]
    pub fn max_steps(mut self, max_steps: usize) -> Self {
        self.max_steps = max_steps.max(1);
        self
    }

    /// Limits the tokens of each reply of the model.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.request.max_tokens = Some(max_tokens);
        self
    }

    /// Tells a gateway who asks and for what; see
    /// [`Context::request_metadata`](crate::Context::request_metadata).
    #[must_use]
    pub fn metadata(mut self, metadata: RequestMetadata) -> Self {
        self.request.metadata = metadata;
        self
    }

    /// The answer.
    #[must_use]
    pub fn into_reply(self) -> ChatReply {
        ChatReply::from_chunks(self.into_chunks())
    }

    fn into_chunks(mut self) -> impl Stream<Item = Result<Chunk>> + Send {
        try_stream! {
            yield Chunk::Start {
                message_id: None,
                message_metadata: Some(json!({"model": self.model.status().borrow().name.clone()})),
            };
            let mut reason = FinishReason::Other;
            for step in 0..self.max_steps {
                yield Chunk::StartStep;
                let mut writer = PartWriter::new(step);
                let mut calls: Vec<ToolCall> = Vec::new();
                let mut text = String::new();
                let mut events = self.model.stream(self.request.clone()).await?;
                while let Some(event) = events.next().await {
                    match event? {
                        ModelEvent::Text(delta) => {
                            text.push_str(&delta);
                            for chunk in writer.write(Kind::Text, delta) { yield chunk; }
                        }
                        ModelEvent::Reasoning(delta) => {
                            for chunk in writer.write(Kind::Reasoning, delta) { yield chunk; }
                        }
                        ModelEvent::ToolCall(call) => calls.push(call),
                        ModelEvent::Finish { reason: why, .. } => reason = why,
                        _ => {}
                    }
                }
                drop(events);
                if let Some(end) = writer.end() { yield end; }
                let mut pending = Vec::new();
                for call in &calls {
                    let (chunk, input) = announce(call);
                    yield chunk;
                    if let Ok(input) = input { pending.push(self.run(call, input)); }
                }
                let results = join_all(pending).await;
                for chunk in &results { yield chunk.clone(); }
                yield Chunk::FinishStep;
                if calls.is_empty() { break; }
                let answers = answers(&calls, &results);
                self.request.messages.push(ModelMessage::Assistant { content: text, tool_calls: calls });
                self.request.messages.extend(answers);
            }
            let finish_reason = serde_json::to_value(reason).ok().and_then(|r| r.as_str().map(str::to_owned));
            yield Chunk::Finish { finish_reason, message_metadata: None };
        }
    }

    /// Runs a tool; its failure is an answer too.
    async fn run(&self, call: &ToolCall, input: Value) -> Chunk {
        let tool_call_id = call.id.clone();
        let tool = self.tools.iter().find(|tool| tool.definition().name == call.name);
        let result = match tool {
            Some(tool) => tool.call(ToolContext { tool_call_id: call.id.clone() }, input).await,
            None => Err(format!("There is no tool named `{}`.", call.name).into()),
        };
        match result {
            Ok(output) => Chunk::ToolOutputAvailable { tool_call_id, output, preliminary: None },
            Err(error) => Chunk::ToolOutputError { tool_call_id, error_text: error.to_string() },
        }
    }
}

/// The chunk that shows a call, and its arguments where they are JSON.
fn announce(call: &ToolCall) -> (Chunk, Result<Value, ()>) {
    let (tool_call_id, tool_name) = (call.id.clone(), call.name.clone());
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    match serde_json::from_str::<Value>(arguments) {
        Ok(input) => {
            let chunk = Chunk::ToolInputAvailable {
                tool_call_id,
                tool_name,
                input: input.clone(),
                dynamic: None,
                title: None,
            };
            (chunk, Ok(input))
        }
        Err(error) => {
            let chunk = Chunk::ToolInputError {
                tool_call_id,
                tool_name,
                input: Value::String(call.arguments.clone()),
                error_text: not_json(&error),
                dynamic: None,
            };
            (chunk, Err(()))
        }
    }
}

fn not_json(error: &serde_json::Error) -> String {
    format!("The arguments are not valid JSON: {error}")
}

/// One answer for every call, in the words the model reads.
fn answers(calls: &[ToolCall], results: &[Chunk]) -> Vec<ModelMessage> {
    let answer = |call: &ToolCall| {
        let found = results.iter().find_map(|chunk| match chunk {
            Chunk::ToolOutputAvailable { tool_call_id, output, .. } if *tool_call_id == call.id => {
                Some(as_text(output))
            }
            Chunk::ToolOutputError { tool_call_id, error_text } if *tool_call_id == call.id => {
                Some(format!("Error: {error_text}"))
            }
            _ => None,
        });
        found.unwrap_or_else(|| match serde_json::from_str::<Value>(&call.arguments) {
            Err(error) => format!("Error: {}", not_json(&error)),
            Ok(_) => "Error: the tool did not answer.".to_owned(),
        })
    };
    calls
        .iter()
        .map(|call| ModelMessage::Tool { tool_call_id: call.id.clone(), content: answer(call) })
        .collect()
}
