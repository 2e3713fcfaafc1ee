//! From chunks to the journal, the message and the frames.
//!
//! Chunks are journalled before they are sent, so whatever a client has seen survives the process;
//! many at a time, since each write costs as much as many chunks.

use std::time::Duration;

use domovoi_protocol::{Chunk, Part, Reducer, UiMessage, message::ToolState};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

/// Most chunks that are written at a time.
const MAX_CHUNKS: usize = 256;

/// Most bytes of chunks that are written at a time.
const MAX_BYTES: usize = 64 << 10;

/// What comes sooner than this after the last write waits for more: four frames of a usual screen. A
/// person who reads sees no difference, and a quick model costs half of what it would with half of
/// this.
const GATHER: Duration = Duration::from_millis(66);

/// The same where many turns run at once: each waits a little longer, so that all of them cost less.
const GATHER_OF_MANY: Duration = Duration::from_millis(110);

/// As many turns as this run at once without waiting for each other's sake.
const FEW: usize = 8;

/// How long words wait for more while so many turns run.
fn gather(running: usize) -> Duration {
    let longer = Duration::from_millis(running.saturating_sub(FEW) as u64);
    (GATHER + longer).min(GATHER_OF_MANY)
}

/// The chunks of one turn on their way.
pub(super) struct Emitter {
    /// What every frame of the turn begins with, up to the chunk.
    head: String,
    /// What comes after the chunk, up to its number.
    tail: &'static str,
    message_id: String,
    continuation: bool,
    reducer: Reducer,
    started: bool,
    next_seq: u64,
    /// Chunks that are not written yet, a line each, and how many.
    lines: Vec<u8>,
    waiting: usize,
    /// Something to read is among them.
    content: bool,
    /// Questions to people among them.
    questions: Vec<Question>,
    written: Option<Instant>,
}

/// A question to a person: whether a tool may run.
pub(super) struct Question {
    pub(super) approval_id: String,
    pub(super) tool_call_id: String,
    pub(super) tool_name: String,
    pub(super) input: Value,
}

/// Chunks that belong into the journal, and after that to the clients.
pub(super) struct Batch {
    /// Number of the first.
    pub(super) first: u64,
    /// A chunk a line.
    pub(super) lines: String,
    /// Questions to people among them.
    pub(super) questions: Vec<Question>,
}

impl Emitter {
    /// The chunks of a turn that writes a new message, or goes on with `message`.
    pub(super) fn new(turn_id: &str, message_id: String, message: Option<UiMessage>) -> Self {
        let id = Value::from(turn_id);
        let continuation = message.is_some();
        Self {
            head: format!(r#"{{"type":"cf_agent_use_chat_response","id":{id},"body":"#),
            tail: if continuation {
                r#","done":false,"continuation":true,"seq":"#
            } else {
                r#","done":false,"seq":"#
            },
            reducer: message.map_or_else(|| Reducer::new(message_id.as_str()), Reducer::resume),
            message_id,
            continuation,
            started: false,
            next_seq: 0,
            lines: Vec::new(),
            waiting: 0,
            content: false,
            questions: Vec::new(),
            written: None,
        }
    }

    /// Takes a chunk in.
    pub(super) fn add(&mut self, chunk: Chunk) {
        let begins = matches!(chunk, Chunk::Start { .. });
        if !std::mem::replace(&mut self.started, true) && !begins {
            self.put(&Chunk::Start { message_id: self.start_id(), message_metadata: None });
        }
        match chunk {
            Chunk::Start { message_metadata, .. } => {
                self.put(&Chunk::Start { message_id: self.start_id(), message_metadata });
            }
            Chunk::Finish { finish_reason, message_metadata } => {
                // The reason is metadata on the wire, and nothing to keep.
                let sent = with_reason(message_metadata.as_ref(), finish_reason.as_deref());
                self.reducer.apply(&Chunk::Finish { finish_reason: None, message_metadata });
                self.write(&Chunk::Finish { finish_reason, message_metadata: sent });
            }
            chunk => self.put(&chunk),
        }
    }

    /// A continuation goes on with a message whose id the clients know.
    fn start_id(&self) -> Option<String> {
        (!self.continuation).then(|| self.message_id.clone())
    }

    fn put(&mut self, chunk: &Chunk) {
        self.reducer.apply(chunk);
        if let Chunk::ToolApprovalRequest { approval_id, tool_call_id } = chunk
            && let Some(part) = self.reducer.message().tool(tool_call_id)
        {
            self.questions.push(Question {
                approval_id: approval_id.clone(),
                tool_call_id: tool_call_id.clone(),
                tool_name: part.name().to_owned(),
                input: part.input.clone().unwrap_or_default(),
            });
        }
        self.write(chunk);
    }

    fn write(&mut self, chunk: &Chunk) {
        self.content |=
            !matches!(chunk, Chunk::Start { .. } | Chunk::StartStep | Chunk::TextStart { .. });
        append_json(&mut self.lines, chunk);
        self.lines.push(b'\n');
        self.waiting += 1;
    }

    /// Whether no more should wait.
    pub(super) fn is_full(&self) -> bool {
        self.waiting >= MAX_CHUNKS || self.lines.len() >= MAX_BYTES
    }

    /// When what waits is to be written, while so many turns run; nothing where nothing waits.
    pub(super) fn due(&self, running: usize) -> Option<Instant> {
        if self.waiting == 0 {
            return None;
        }
        Some(match self.written {
            Some(written) if !self.is_full() => written + gather(running),
            _ => Instant::now(),
        })
    }

    /// What waits, to be written and sent now.
    pub(super) fn take(&mut self) -> Option<Batch> {
        if self.waiting == 0 {
            return None;
        }
        // The first words must not wait for what announced them.
        if std::mem::take(&mut self.content) {
            self.written = Some(Instant::now());
        }
        let first = self.next_seq;
        self.next_seq += std::mem::take(&mut self.waiting) as u64;
        // JSON is UTF-8.
        let room = Vec::with_capacity(self.lines.len());
        let lines = String::from_utf8(std::mem::replace(&mut self.lines, room)).unwrap_or_default();
        Some(Batch { first, lines, questions: std::mem::take(&mut self.questions) })
    }

    /// The frames of a batch.
    pub(super) fn frames(&self, batch: &Batch) -> impl Iterator<Item = String> {
        (batch.first..).zip(batch.lines.lines()).map(|(seq, body)| {
            let mut frame = Vec::with_capacity(self.head.len() + body.len() * 5 / 4 + 48);
            frame.extend_from_slice(self.head.as_bytes());
            append_json(&mut frame, body);
            frame.extend_from_slice(self.tail.as_bytes());
            append_json(&mut frame, &seq);
            frame.push(b'}');
            String::from_utf8(frame).unwrap_or_default()
        })
    }

    /// Whether anything was added.
    pub(super) fn has_started(&self) -> bool {
        self.started
    }

    /// Ends tool calls that have no answer and will get none, since the turn was cut off. A question
    /// to a person stays.
    pub(super) fn abandon_calls(&mut self, error: &str) {
        for chunk in abandoned_calls(self.reducer.message(), error) {
            self.put(&chunk);
        }
    }

    /// The message, complete.
    pub(super) fn finish(&mut self) -> UiMessage {
        std::mem::replace(&mut self.reducer, Reducer::new("")).finish()
    }
}

/// The ends of tool calls that have no answer and will get none.
pub(super) fn abandoned_calls(message: &UiMessage, error: &str) -> Vec<Chunk> {
    let end = |part: &Part| match part {
        Part::Tool(tool)
            if matches!(tool.state, ToolState::InputStreaming | ToolState::InputAvailable)
                || tool.is_preliminary() =>
        {
            let tool_call_id = tool.tool_call_id.clone();
            Some(Chunk::ToolOutputError { tool_call_id, error_text: error.to_owned() })
        }
        _ => None,
    };
    message.parts.iter().filter_map(end).collect()
}

fn with_reason(metadata: Option<&Value>, reason: Option<&str>) -> Option<Value> {
    let Some(reason) = reason else { return metadata.cloned() };
    let mut fields = match metadata {
        Some(Value::Object(fields)) => fields.clone(),
        _ => Map::new(),
    };
    fields.insert("finishReason".to_owned(), reason.into());
    Some(Value::Object(fields))
}

/// Appends a value as JSON. Chunks, text and numbers can always be written.
fn append_json(buffer: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let _ = serde_json::to_writer(buffer, value);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn frames(emitter: &mut Emitter) -> Vec<Value> {
        let batch = emitter.take().unwrap();
        emitter.frames(&batch).map(|frame| serde_json::from_str(&frame).unwrap()).collect()
    }

    #[test]
    fn frames_carry_the_chunks_and_their_numbers() {
        let mut emitter = Emitter::new("turn \"1\"", "m".to_owned(), None);
        emitter.add(Chunk::text_start("t"));
        emitter.add(Chunk::text_delta("t", "line\n\"quoted\" \u{1f600}"));
        let sent = frames(&mut emitter);
        assert_eq!(sent.len(), 3, "the begin of the message comes first");
        let body = |frame: &Value| -> Value {
            serde_json::from_str(frame["body"].as_str().unwrap()).unwrap()
        };
        assert_eq!(body(&sent[0]), json!({"type": "start", "messageId": "m"}));
        assert_eq!(body(&sent[2])["delta"], "line\n\"quoted\" \u{1f600}");
        assert_eq!((&sent[2]["id"], &sent[2]["seq"]), (&json!("turn \"1\""), &json!(2)));
        assert!(emitter.take().is_none());
        emitter.add(Chunk::text_end("t"));
        assert_eq!(frames(&mut emitter)[0]["seq"], 3);
        assert_eq!(emitter.finish().text(), "line\n\"quoted\" \u{1f600}");
    }

    #[test]
    fn a_continuation_has_no_id_of_a_message_and_says_what_it_is() {
        let message = UiMessage::new("m", domovoi_protocol::Role::Assistant, "so far");
        let mut emitter = Emitter::new("c", "m".to_owned(), Some(message));
        emitter.add(Chunk::Start { message_id: Some("other".to_owned()), message_metadata: None });
        let sent = frames(&mut emitter);
        assert_eq!(sent[0]["continuation"], true);
        assert_eq!(sent[0]["body"], r#"{"type":"start"}"#);
        assert_eq!(emitter.finish().id, "m");
    }

    #[test]
    fn the_reason_of_the_end_is_sent_as_metadata_and_not_kept() {
        let mut emitter = Emitter::new("t", "m".to_owned(), None);
        emitter.add(Chunk::Finish {
            finish_reason: Some("stop".to_owned()),
            message_metadata: Some(json!({"a": 1})),
        });
        let sent = frames(&mut emitter).pop().unwrap();
        let chunk: Value = serde_json::from_str(sent["body"].as_str().unwrap()).unwrap();
        assert_eq!(chunk["messageMetadata"], json!({"a": 1, "finishReason": "stop"}));
        assert_eq!(emitter.finish().metadata, Some(json!({"a": 1})));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_words_are_due_at_once_and_later_ones_gather() {
        let mut emitter = Emitter::new("t", "m".to_owned(), None);
        assert_eq!(emitter.due(1), None);
        emitter.add(Chunk::text_start("t"));
        assert_eq!(emitter.due(1), Some(Instant::now()));
        emitter.take();
        emitter.add(Chunk::text_delta("t", "first"));
        assert_eq!(emitter.due(1), Some(Instant::now()));
        emitter.take();
        emitter.add(Chunk::text_delta("t", "second"));
        assert_eq!(emitter.due(1), Some(Instant::now() + GATHER));
        assert_eq!(emitter.due(10), Some(Instant::now() + GATHER + Duration::from_millis(2)));
        assert_eq!(emitter.due(1_000), Some(Instant::now() + GATHER_OF_MANY));
        for _ in 0..MAX_CHUNKS {
            emitter.add(Chunk::text_delta("t", "more"));
        }
        assert_eq!(emitter.due(1), Some(Instant::now()));
    }
}
