//! An answer as OpenAI's API has it, whole or as a stream of chunks.

use std::{
    collections::HashMap,
    convert::Infallible,
    time::{SystemTime, UNIX_EPOCH},
};

use async_stream::stream;
use axum::{
    Json,
    response::sse::{Event, KeepAlive, Sse},
};
use domovoi_models::{FinishReason, ModelError, ModelEvent, ToolCall, Usage};
use futures::{Stream, StreamExt};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, ApiError};

/// What every piece of one answer says.
struct Head {
    id: String,
    created: u64,
    model: String,
}

impl Head {
    fn new(model: String) -> Self {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self { id: format!("chatcmpl-{}", Uuid::new_v4().simple()), created, model }
    }

    fn object(&self, object: &str, rest: Value) -> Value {
        let mut all = json!({
            "id": self.id, "object": object, "created": self.created, "model": self.model,
        });
        if let (Value::Object(all), Value::Object(rest)) = (&mut all, rest) {
            all.extend(rest);
        }
        all
    }

    fn chunk(&self, delta: Value, finish_reason: Option<&str>) -> Value {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish_reason });
        self.object("chat.completion.chunk", json!({ "choices": [choice] }))
    }
}

/// The whole answer.
pub(super) async fn whole(model: String, mut events: Answer) -> Result<Json<Value>, ApiError> {
    let head = Head::new(model);
    let (mut text, mut reasoning, mut calls) = (String::new(), String::new(), Vec::new());
    let mut finish = None;
    while let Some(event) = events.next().await {
        match event? {
            ModelEvent::Text(delta) => text.push_str(&delta),
            ModelEvent::Reasoning(delta) => reasoning.push_str(&delta),
            ModelEvent::ToolCall(call) => calls.push(whole_call(&call)),
            ModelEvent::Finish { reason, usage } => finish = Some((reason, usage)),
            _ => {}
        }
    }
    // An answer that is whole has an end: what was cut off is not given out as one.
    let Some((reason, usage)) = finish else { return Err(ModelError::Interrupted(None).into()) };
    let content = if text.is_empty() && !calls.is_empty() { Value::Null } else { text.into() };
    let mut message = json!({ "role": "assistant", "content": content });
    if !reasoning.is_empty() {
        message["reasoning_content"] = reasoning.into();
    }
    let has_calls = !calls.is_empty();
    if has_calls {
        message["tool_calls"] = calls.into();
    }
    let reason = finish_reason(reason, has_calls);
    let choice = json!({ "index": 0, "message": message, "finish_reason": reason });
    let rest = json!({ "choices": [choice], "usage": usage.map(usage_of) });
    Ok(Json(head.object("chat.completion", rest)))
}

/// The answer as it comes. Where the client hangs up this is dropped, and the model with it.
pub(super) fn stream(
    model: String,
    events: Answer,
    include_usage: bool,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let pieces = pieces(Head::new(model), events, include_usage);
    let events = pieces.map(|piece| Ok(Event::default().data(piece)));
    Sse::new(events).keep_alive(KeepAlive::default())
}

fn pieces(head: Head, mut events: Answer, include_usage: bool) -> impl Stream<Item = String> {
    stream! {
        yield head.chunk(json!({ "role": "assistant", "content": "" }), None).to_string();
        let mut calls = Calls::default();
        let mut finish = None;
        while let Some(event) = events.next().await {
            let delta = match event {
                Ok(ModelEvent::Text(text)) => json!({ "content": text }),
                Ok(ModelEvent::Reasoning(text)) => json!({ "reasoning_content": text }),
                Ok(ModelEvent::ToolCallStart { id, name }) => calls.start(&id, &name),
                Ok(ModelEvent::ToolCallDelta { id, delta }) => match calls.more(&id, &delta) {
                    Some(delta) => delta,
                    None => continue,
                },
                Ok(ModelEvent::ToolCall(call)) => match calls.end(&call) {
                    Some(delta) => delta,
                    None => continue,
                },
                Ok(ModelEvent::Finish { reason, usage }) => {
                    finish = Some((reason, usage));
                    continue;
                }
                Ok(_) => continue,
                Err(error) => {
                    yield error.body().to_string();
                    return;
                }
            };
            yield head.chunk(delta, None).to_string();
        }
        let Some((reason, usage)) = finish else {
            yield ApiError::from(ModelError::Interrupted(None)).body().to_string();
            return;
        };
        let reason = finish_reason(reason, !calls.known.is_empty());
        yield head.chunk(json!({}), Some(reason)).to_string();
        if include_usage {
            let rest = json!({ "choices": [], "usage": usage.map(usage_of) });
            yield head.object("chat.completion.chunk", rest).to_string();
        }
        yield "[DONE]".to_owned();
    }
}

/// The calls of one answer: their numbers, and whether their arguments have been sent.
#[derive(Default)]
struct Calls {
    known: HashMap<String, (usize, bool)>,
}

impl Calls {
    fn start(&mut self, id: &str, name: &str) -> Value {
        let index = self.known.len();
        self.known.insert(id.to_owned(), (index, false));
        let function = json!({ "name": name, "arguments": "" });
        json!({ "tool_calls": [
            { "index": index, "id": id, "type": "function", "function": function }
        ]})
    }

    fn more(&mut self, id: &str, delta: &str) -> Option<Value> {
        let (index, sent) = self.known.get_mut(id)?;
        *sent = true;
        Some(json!({ "tool_calls": [{ "index": *index, "function": { "arguments": delta } }] }))
    }

    /// What of a complete call has not been sent.
    fn end(&mut self, call: &ToolCall) -> Option<Value> {
        if self.known.contains_key(&call.id) {
            let sent = self.known.get(&call.id).is_some_and(|(_, sent)| *sent);
            return if sent { None } else { self.more(&call.id, &call.arguments) };
        }
        let mut delta = self.start(&call.id, &call.name);
        delta["tool_calls"][0]["function"]["arguments"] = call.arguments.as_str().into();
        Some(delta)
    }
}

fn whole_call(call: &ToolCall) -> Value {
    let function = json!({ "name": call.name, "arguments": call.arguments });
    json!({ "id": call.id, "type": "function", "function": function })
}

fn usage_of(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    })
}

fn finish_reason(reason: FinishReason, has_calls: bool) -> &'static str {
    match reason {
        FinishReason::Length => "length",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::ToolCalls => "tool_calls",
        _ if has_calls => "tool_calls",
        _ => "stop",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(events: Vec<Result<ModelEvent, ModelError>>) -> Answer {
        futures::stream::iter(events).map(|event| event.map_err(ApiError::from)).boxed()
    }

    async fn pieces_of(sent: Vec<Result<ModelEvent, ModelError>>) -> Vec<Value> {
        let pieces = pieces(Head::new("m".to_owned()), events(sent), true);
        let pieces: Vec<String> = pieces.collect().await;
        pieces.iter().map(|piece| serde_json::from_str(piece).unwrap_or_default()).collect()
    }

    #[tokio::test]
    async fn calls_have_numbers_and_their_arguments_come_once() {
        let call = |id: &str| ToolCall {
            id: id.to_owned(),
            name: "look".to_owned(),
            arguments: "{}".to_owned(),
        };
        let sent = pieces_of(vec![
            Ok(ModelEvent::ToolCallStart { id: "a".to_owned(), name: "look".to_owned() }),
            Ok(ModelEvent::ToolCallDelta { id: "a".to_owned(), delta: "{}".to_owned() }),
            Ok(ModelEvent::ToolCall(call("a"))),
            Ok(ModelEvent::ToolCall(call("b"))),
            Ok(ModelEvent::Finish { reason: FinishReason::ToolCalls, usage: None }),
        ])
        .await;
        let calls: Vec<&Value> =
            sent.iter().map(|it| &it["choices"][0]["delta"]["tool_calls"][0]).collect();
        assert_eq!(calls[1]["id"], "a");
        assert_eq!(
            (&calls[2]["index"], &calls[2]["function"]["arguments"]),
            (&json!(0), &json!("{}"))
        );
        assert_eq!((&calls[3]["index"], &calls[3]["id"]), (&json!(1), &json!("b")));
        assert_eq!(calls[3]["function"]["arguments"], "{}");
        assert_eq!(sent[4]["choices"][0]["finish_reason"], "tool_calls");
    }

    #[tokio::test]
    async fn an_error_in_the_middle_is_the_last_that_is_sent() {
        let sent = pieces_of(vec![
            Ok(ModelEvent::Text("half".to_owned())),
            Err(ModelError::Unavailable("gone".to_owned())),
        ])
        .await;
        assert_eq!(sent.len(), 3);
        assert_eq!(sent[2]["error"]["message"], "gone");
    }

    #[tokio::test]
    async fn what_has_no_end_was_cut_off() {
        let half = || vec![Ok(ModelEvent::Text("half".to_owned()))];
        assert!(whole("m".to_owned(), events(half())).await.is_err());
        let sent = pieces_of(half()).await;
        assert_eq!(sent.len(), 3);
        assert!(sent[2]["error"]["message"].is_string(), "{sent:?}");
    }

    #[tokio::test]
    async fn a_whole_answer() {
        let usage = Some(Usage { input_tokens: 2, output_tokens: 3 });
        let sent = events(vec![
            Ok(ModelEvent::Text("Hel".to_owned())),
            Ok(ModelEvent::Text("lo".to_owned())),
            Ok(ModelEvent::Finish { reason: FinishReason::Length, usage }),
        ]);
        let Json(answer) = whole("m".to_owned(), sent).await.unwrap();
        assert_eq!(answer["choices"][0]["message"]["content"], "Hello");
        assert_eq!(answer["choices"][0]["finish_reason"], "length");
        assert_eq!(answer["usage"]["total_tokens"], 5);
    }
}
