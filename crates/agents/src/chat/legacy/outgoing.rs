//! Frames on their way to an old client.

use std::collections::HashMap;

use axum::extract::ws::Utf8Bytes;
use domovoi_protocol::{Chunk, ServerFrame, chat::ChatResponse};
use serde_json::{Value, json};

use super::{message, stream::Stream};

/// Rewrites what one old client is sent.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// Turns that have not ended.
    streams: HashMap<String, Stream>,
}

impl Outgoing {
    /// A frame as the client reads it; none where it has nothing for it.
    pub(super) fn rewrite(&mut self, frame: Utf8Bytes) -> Option<Utf8Bytes> {
        match ServerFrame::parse(&frame) {
            Ok(Some(ServerFrame::ChatResponse(response))) => {
                let frame = self.response(response)?;
                Some(frame.to_string().into())
            }
            Ok(Some(ServerFrame::ChatMessages(history))) => {
                let messages: Vec<Value> = history.messages.iter().map(message::write).collect();
                let frame = json!({"type": "cf_agent_chat_messages", "messages": messages});
                Some(frame.to_string().into())
            }
            _ => Some(frame),
        }
    }

    fn response(&mut self, response: ChatResponse) -> Option<Value> {
        let ChatResponse { id, body, done, error, continuation, .. } = response;
        let lines = if done {
            self.streams.remove(&id).unwrap_or_default().end()
        } else {
            let stream = self.streams.entry(id.clone()).or_default();
            match error {
                Some(true) => stream.error(&body),
                _ => stream.lines(Chunk::parse(&body).ok()?, continuation == Some(true)),
            }
        };
        (done || !lines.is_empty()).then(
            || json!({"type": "cf_agent_use_chat_response", "id": id, "body": lines, "done": done}),
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use domovoi_protocol::{
        UiMessage,
        chat::{HistoryFrame, Outcome},
        data_stream::{Code, DataStreamPart},
        state::StateFrame,
    };

    use super::*;

    /// What a client reads of one turn, with the turn's last frame.
    fn read(continuation: bool, chunks: &[Value]) -> Vec<(Code, Value)> {
        let mut outgoing = Outgoing::default();
        let continuation = continuation.then_some(true);
        let mut frames: Vec<_> = (0..)
            .zip(chunks)
            .map(|(seq, chunk)| {
                let chunk = Chunk::parse(&chunk.to_string()).unwrap();
                ChatResponse { continuation, ..ChatResponse::chunk("t", seq, &chunk) }
            })
            .collect();
        frames.push(ChatResponse::done("t", None));
        let parts = frames.into_iter().flat_map(|frame| body(&mut outgoing, frame)).collect();
        assert!(outgoing.streams.is_empty());
        parts
    }

    fn body(outgoing: &mut Outgoing, response: ChatResponse) -> Vec<(Code, Value)> {
        let frame = ServerFrame::from(response).to_json();
        let Some(frame) = outgoing.rewrite(frame.into()) else { return Vec::new() };
        let frame: Value = serde_json::from_str(&frame).unwrap();
        let body = frame["body"].as_str().unwrap();
        assert!(body.is_empty() || body.ends_with('\n'), "a client waits for the line's end");
        let parts = body.lines().map(|line| DataStreamPart::parse(line).unwrap());
        parts.map(|DataStreamPart { code, value }| (code, value)).collect()
    }

    #[test]
    fn a_plain_text_has_an_id_and_an_end() {
        let parts = read(
            false,
            &[
                json!({"type": "start", "messageId": "m"}),
                json!({"type": "text-start", "id": "t"}),
                json!({"type": "text-delta", "id": "t", "delta": "two\nlines"}),
                json!({"type": "text-end", "id": "t"}),
            ],
        );
        let expected = [
            (Code::StartStep, json!({"messageId": "m"})),
            (Code::Text, json!("two\nlines")),
            (Code::FinishStep, json!({"finishReason": "stop", "isContinued": false})),
            (Code::FinishMessage, json!({"finishReason": "stop"})),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn reasoning_and_tools_come_in_steps() {
        let call = json!({"toolCallId": "c", "toolName": "getWeather"});
        let parts = read(
            false,
            &[
                json!({"type": "start", "messageId": "m"}),
                json!({"type": "start-step"}),
                json!({"type": "reasoning-delta", "id": "r", "delta": "look"}),
                json!({"type": "tool-input-start", "toolCallId": "c", "toolName": "getWeather"}),
                json!({"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": "{}"}),
                json!({"type": "tool-input-available", "toolCallId": "c",
                    "toolName": "getWeather", "input": {}}),
                json!({"type": "tool-output-available", "toolCallId": "c", "output": 1,
                    "preliminary": true}),
                json!({"type": "tool-output-available", "toolCallId": "c", "output": 4}),
                json!({"type": "finish-step"}),
                json!({"type": "start-step"}),
                json!({"type": "text-delta", "id": "t", "delta": "Done."}),
                json!({"type": "finish-step"}),
                json!({"type": "finish", "finishReason": "length"}),
            ],
        );
        let expected = [
            (Code::StartStep, json!({"messageId": "m"})),
            (Code::Reasoning, json!("look")),
            (Code::ToolCallStart, call),
            (Code::ToolCallDelta, json!({"toolCallId": "c", "argsTextDelta": "{}"})),
            (Code::ToolCall, json!({"toolCallId": "c", "toolName": "getWeather", "args": {}})),
            (Code::ToolResult, json!({"toolCallId": "c", "result": 4})),
            (Code::FinishStep, json!({"finishReason": "tool-calls", "isContinued": false})),
            (Code::StartStep, json!({"messageId": "m"})),
            (Code::Text, json!("Done.")),
            (Code::FinishStep, json!({"finishReason": "stop", "isContinued": false})),
            (Code::FinishMessage, json!({"finishReason": "length"})),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn a_client_that_missed_a_call_is_told_nothing_that_would_end_its_turn() {
        let late = [
            json!({"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": "{}"}),
            json!({"type": "tool-output-available", "toolCallId": "c", "output": 4}),
        ];
        assert_eq!(read(false, &late), [(Code::FinishMessage, json!({"finishReason": "stop"}))]);
        let goes_on = read(true, &late);
        assert_eq!(goes_on[0], (Code::ToolResult, json!({"toolCallId": "c", "result": 4})));
    }

    #[test]
    fn wrong_arguments_failures_and_rejections_are_results() {
        let parts = read(
            true,
            &[
                json!({"type": "tool-input-error", "toolCallId": "c", "toolName": "getWeather",
                    "input": {"city": 5}, "errorText": "no city"}),
                json!({"type": "tool-output-error", "toolCallId": "d", "errorText": "it rains"}),
                json!({"type": "tool-output-denied", "toolCallId": "e"}),
            ],
        );
        let results: Vec<_> = parts
            .into_iter()
            .filter(|(code, _)| *code == Code::ToolResult)
            .map(|(_, value)| value["result"].clone())
            .collect();
        assert_eq!(results, ["Error: no city", "Error: it rains", message::DENIED]);
    }

    #[test]
    fn an_error_is_a_line_and_nothing_comes_after_it() {
        let mut outgoing = Outgoing::default();
        let failed = body(&mut outgoing, ChatResponse::error("t", "no \"key\""));
        assert_eq!(failed, [(Code::Error, json!("no \"key\""))]);
        assert!(body(&mut outgoing, ChatResponse::done("t", Some(Outcome::Error))).is_empty());
    }

    #[test]
    fn the_history_is_of_old_messages_and_other_frames_stay() {
        let mut outgoing = Outgoing::default();
        let messages = vec![UiMessage::new("u", domovoi_protocol::Role::User, "hi")];
        let frame = ServerFrame::from(HistoryFrame { messages }).to_json();
        let sent: Value = serde_json::from_str(&outgoing.rewrite(frame.into()).unwrap()).unwrap();
        assert_eq!(sent["messages"][0]["content"], "hi");
        let state = Utf8Bytes::from(ServerFrame::from(StateFrame { state: json!(1) }).to_json());
        assert_eq!(outgoing.rewrite(state.clone()), Some(state));
    }
}
