//! One turn's chunks as lines of the old stream.

use std::{collections::HashSet, fmt::Write as _};

use domovoi_protocol::{
    Chunk,
    data_stream::{Code, DataStreamPart},
};
use serde_json::{Value, json};

use super::message;

/// One turn as an old client reads it.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The id the client was told; none where it goes on with an answer that it has.
    message_id: Option<String>,
    /// A step was announced that nothing was sent of yet.
    announced: bool,
    in_step: bool,
    called_a_tool: bool,
    finished: bool,
    /// Calls whose begin was sent, and calls that were sent whole: an old client gives the turn up
    /// where more of a call comes that it has never heard of.
    begun: HashSet<String>,
    called: HashSet<String>,
}

impl Stream {
    /// The lines of one chunk; none where an old client has nothing for it. `continuation` is set
    /// where the turn goes on with an answer the client has.
    pub(super) fn lines(&mut self, chunk: Chunk, continuation: bool) -> String {
        let mut lines = Lines::default();
        match chunk {
            Chunk::Start { message_id: Some(id), .. } => {
                // Its id is told with a step, and there may be none of its own.
                lines.put(Code::StartStep, json!({"messageId": id}));
                self.message_id = Some(id);
                (self.announced, self.in_step) = (true, true);
            }
            Chunk::StartStep if !std::mem::take(&mut self.announced) => {
                self.end_step(&mut lines);
                // An id is needed; a client that has the answer pays no attention to it.
                let id = self.message_id.clone().unwrap_or_default();
                lines.put(Code::StartStep, json!({"messageId": id}));
                self.in_step = true;
            }
            Chunk::TextDelta { delta, .. } => lines.put(Code::Text, delta.into()),
            Chunk::ReasoningDelta { delta, .. } => lines.put(Code::Reasoning, delta.into()),
            Chunk::ToolInputStart { tool_call_id, tool_name, .. } => {
                lines.put(
                    Code::ToolCallStart,
                    json!({"toolCallId": tool_call_id, "toolName": tool_name}),
                );
                self.begun.insert(tool_call_id);
            }
            Chunk::ToolInputDelta { tool_call_id, input_text_delta }
                if self.begun.contains(&tool_call_id) =>
            {
                let value = json!({"toolCallId": tool_call_id, "argsTextDelta": input_text_delta});
                lines.put(Code::ToolCallDelta, value);
            }
            Chunk::ToolInputAvailable { tool_call_id, tool_name, input, .. } => {
                self.call(&mut lines, tool_call_id, &tool_name, input);
            }
            Chunk::ToolInputError { tool_call_id, tool_name, input, error_text, .. } => {
                self.call(&mut lines, tool_call_id.clone(), &tool_name, input);
                self.result(&mut lines, &tool_call_id, message::error(&error_text), continuation);
            }
            Chunk::ToolOutputAvailable { preliminary: Some(true), .. } => {}
            Chunk::ToolOutputAvailable { tool_call_id, output, .. } => {
                self.result(&mut lines, &tool_call_id, output, continuation);
            }
            Chunk::ToolOutputError { tool_call_id, error_text } => {
                self.result(&mut lines, &tool_call_id, message::error(&error_text), continuation);
            }
            Chunk::ToolOutputDenied { tool_call_id } => {
                self.result(&mut lines, &tool_call_id, message::DENIED.into(), continuation);
            }
            Chunk::SourceUrl { source_id, url, title } => {
                lines.put(Code::Source, message::source(&source_id, &url, title.as_deref()));
            }
            Chunk::File { url, media_type } => {
                let value = json!({"data": message::data(&url), "mimeType": media_type});
                lines.put(Code::File, value);
            }
            Chunk::Data(data) => lines.put(Code::Data, json!([data])),
            Chunk::FinishStep => self.end_step(&mut lines),
            Chunk::Finish { finish_reason, .. } => {
                self.finish(&mut lines, finish_reason.as_deref());
            }
            _ => {}
        }
        lines.0
    }

    /// The line of an error.
    pub(super) fn error(&mut self, text: &str) -> String {
        let mut lines = Lines::default();
        lines.put(Code::Error, text.into());
        self.finished = true;
        lines.0
    }

    /// The lines that are missing at the end.
    pub(super) fn end(mut self) -> String {
        let mut lines = Lines::default();
        self.finish(&mut lines, None);
        lines.0
    }

    fn call(&mut self, lines: &mut Lines, id: String, name: &str, input: Value) {
        lines.put(Code::ToolCall, json!({"toolCallId": id, "toolName": name, "args": input}));
        self.called_a_tool = true;
        self.called.insert(id);
    }

    fn result(&self, lines: &mut Lines, id: &str, result: Value, continuation: bool) {
        if continuation || self.called.contains(id) {
            lines.put(Code::ToolResult, json!({"toolCallId": id, "result": result}));
        }
    }

    fn end_step(&mut self, lines: &mut Lines) {
        self.announced = false;
        if std::mem::take(&mut self.in_step) {
            let reason =
                if std::mem::take(&mut self.called_a_tool) { "tool-calls" } else { "stop" };
            lines.put(Code::FinishStep, json!({"finishReason": reason, "isContinued": false}));
        }
    }

    fn finish(&mut self, lines: &mut Lines, reason: Option<&str>) {
        if !std::mem::replace(&mut self.finished, true) {
            self.end_step(lines);
            lines.put(Code::FinishMessage, json!({"finishReason": reason.unwrap_or("stop")}));
        }
    }
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, code: Code, value: Value) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{}", DataStreamPart { code, value }.to_line());
    }
}
