//! Chunks into events. Text passes as it comes; tool calls are put together and come at the end.

use serde_json::Value;

use super::chunk::{CallDelta, Chunk, ChunkUsage};
use super::transport::provider_message;
use crate::{FinishReason, ModelError, ModelEvent, ToolCall, Usage};

/// What is known of a reply so far.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    calls: Vec<PartialCall>,
    reason: Option<FinishReason>,
    usage: Option<Usage>,
}

#[derive(Debug)]
struct PartialCall {
    index: usize,
    id: Option<String>,
    name: String,
    arguments: String,
}

impl Assembler {
    /// Takes a chunk; answers the events it completes.
    ///
    /// # Errors
    /// [`ModelError::Provider`] where the chunk is an error object.
    pub(super) fn push(&mut self, chunk: Chunk) -> Result<Vec<ModelEvent>, ModelError> {
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            let status = error.get("code").and_then(Value::as_u64);
            let message = provider_message(&error).unwrap_or_else(|| "no reason given".to_owned());
            return Err(ModelError::Provider {
                status: status.and_then(|status| u16::try_from(status).ok()),
                message,
            });
        }
        if let Some(ChunkUsage { prompt_tokens, completion_tokens }) = chunk.usage {
            self.usage = Some(Usage {
                input_tokens: prompt_tokens.unwrap_or_default(),
                output_tokens: completion_tokens.unwrap_or_default(),
            });
        }
        let mut events = Vec::new();
        // One choice was asked for.
        let Some(choice) = chunk.choices.unwrap_or_default().into_iter().next() else {
            return Ok(events);
        };
        if let Some(delta) = choice.delta {
            let reasoning = [delta.reasoning_content, delta.reasoning];
            // Some endpoints send the same text under both names.
            let reasoning = reasoning.into_iter().flatten().find(|text| !text.is_empty());
            events.extend(reasoning.map(ModelEvent::Reasoning));
            let text = [delta.content, delta.refusal].into_iter().flatten();
            events.extend(text.filter(|text| !text.is_empty()).map(ModelEvent::Text));
            delta.tool_calls.into_iter().flatten().for_each(|call| self.push_call(call));
        }
        if let Some(reason) = choice.finish_reason {
            self.reason = Some(match reason.as_str() {
                "stop" => FinishReason::Stop,
                "length" => FinishReason::Length,
                "tool_calls" | "function_call" => FinishReason::ToolCalls,
                "content_filter" => FinishReason::ContentFilter,
                _ => FinishReason::Other,
            });
        }
        Ok(events)
    }

    fn push_call(&mut self, delta: CallDelta) {
        let id = delta.id.filter(|id| !id.is_empty());
        let index = delta.index.unwrap_or_else(|| {
            // Without an index a new id begins a new call.
            self.calls.last().map_or(0, |last| last.index + usize::from(id.is_some()))
        });
        // Gemini sends several whole calls, each with its own id, under the index 0.
        let position = self.calls.iter().rposition(|call| {
            call.index == index && (id.is_none() || call.id.is_none() || call.id == id)
        });
        let position = position.unwrap_or_else(|| {
            let empty = String::new();
            self.calls.push(PartialCall { index, id: None, name: empty.clone(), arguments: empty });
            self.calls.len() - 1
        });
        let call = &mut self.calls[position];
        call.id = id.or(call.id.take());
        let Some(function) = delta.function else {
            return;
        };
        if let Some(name) = function.name.filter(|name| *name != call.name) {
            call.name.push_str(&name);
        }
        match function.arguments {
            Some(Value::String(text)) => call.arguments.push_str(&text),
            Some(Value::Null) | None => {}
            Some(object) => call.arguments.push_str(&object.to_string()),
        }
    }

    /// The last events, once the stream is over or broke with `error`. A stream that broke after
    /// the model was done is whole; one that just ends before is not.
    pub(super) fn end(self, error: Option<ModelError>) -> Vec<Result<ModelEvent, ModelError>> {
        let Some(reason) = self.reason else {
            return vec![Err(error.unwrap_or(ModelError::Interrupted(None)))];
        };
        let called = !self.calls.is_empty();
        let calls = self.calls.into_iter().map(|call| {
            Ok(ModelEvent::ToolCall(ToolCall {
                id: call.id.unwrap_or_else(|| format!("call_{}", uuid::Uuid::new_v4().simple())),
                name: call.name,
                arguments: call.arguments,
            }))
        });
        let reason = match reason {
            // Several endpoints end with "stop" although tools are called.
            FinishReason::Stop | FinishReason::Other if called => FinishReason::ToolCalls,
            reason => reason,
        };
        calls.chain([Ok(ModelEvent::Finish { reason, usage: self.usage })]).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn calls(deltas: &[Value]) -> Vec<(String, String, String)> {
        let mut assembler = Assembler::default();
        for delta in deltas {
            let chunk = json!({"choices": [{"delta": {"tool_calls": [delta]}}]});
            assembler.push(serde_json::from_value(chunk).unwrap()).unwrap();
        }
        let finish = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
        assembler.push(serde_json::from_value(finish).unwrap()).unwrap();
        let mut events = assembler.end(None);
        let end = events.pop().unwrap().unwrap();
        assert_eq!(end, ModelEvent::Finish { reason: FinishReason::ToolCalls, usage: None });
        let call = |event: Result<_, _>| match event.unwrap() {
            ModelEvent::ToolCall(call) => (call.id, call.name, call.arguments),
            other => panic!("{other:?}"),
        };
        events.into_iter().map(call).collect()
    }

    fn owned(id: &str, name: &str, arguments: &str) -> (String, String, String) {
        (id.into(), name.into(), arguments.into())
    }

    #[test]
    fn pieces_of_two_calls_are_put_together() {
        let got = calls(&[
            json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}),
            json!({"index": 0, "function": {"arguments": "{\"x\":"}}),
            json!({"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}),
            json!({"index": 0, "function": {"arguments": "1}"}}),
        ]);
        assert_eq!(got, [owned("a", "f", "{\"x\":1}"), owned("b", "g", "{}")]);
    }

    #[test]
    fn whole_calls_under_one_index_stay_apart() {
        let got = calls(&[
            json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}),
            json!({"index": 0, "id": "b", "function": {"name": "f", "arguments": "{}"}}),
        ]);
        assert_eq!(got, [owned("a", "f", "{}"), owned("b", "f", "{}")]);
    }

    #[test]
    fn a_missing_id_is_made_up_and_an_object_is_written_out() {
        let got = calls(&[json!({"function": {"name": "f", "arguments": {"x": 1}}})]);
        assert!(got[0].0.starts_with("call_"), "{got:?}");
        assert_eq!((got[0].1.as_str(), got[0].2.as_str()), ("f", "{\"x\":1}"));
    }
}
