//! Chunks to a message: the same code on the server, which persists the message, and in the
//! browser, which shows it.
//!
//! The rules are those of `processUIMessageStream` in the AI SDK, with these differences: where
//! that one ends with an error, as at a delta for a part that was never started, this one goes on,
//! so that no text is lost; and when the turn is stopped or fails, open parts are closed.

use serde_json::{Map, Value};

use crate::{
    Chunk, Part, Role, UiMessage,
    chunk::DataChunk,
    message::{Approval, DataPart, StreamState, ToolPart, ToolState},
    partial_json,
};

/// Builds a message from its chunks.
#[derive(Debug, Clone)]
pub struct Reducer {
    message: UiMessage,
    open: Vec<OpenPart>,
    tool_inputs: Vec<(String, String)>,
}

/// A text or reasoning part that is still being written.
#[derive(Debug, Clone)]
struct OpenPart {
    kind: Kind,
    id: String,
    index: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
}

/// What a chunk changed, so that only that is drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// The part with this index, which may be new.
    Part(usize),
    /// The message's id or metadata.
    Message,
}

impl Reducer {
    /// A reducer for a new assistant message. A `start` chunk with an id replaces this one.
    #[must_use]
    pub fn new(message_id: impl Into<String>) -> Self {
        Self::resume(UiMessage {
            id: message_id.into(),
            role: Role::Assistant,
            metadata: None,
            parts: Vec::new(),
        })
    }

    /// A reducer that goes on with a message, as a continuation after a tool result does.
    #[must_use]
    pub fn resume(message: UiMessage) -> Self {
        Self { message, open: Vec::new(), tool_inputs: Vec::new() }
    }

    /// The message so far.
    #[must_use]
    pub fn message(&self) -> &UiMessage {
        &self.message
    }

    /// The message, with parts that were still being written closed.
    #[must_use]
    pub fn finish(mut self) -> UiMessage {
        self.close_all();
        self.message
    }

    /// Edits the tool call `id`, as when a person has decided on it.
    pub fn edit_tool(&mut self, id: &str, edit: impl FnOnce(&mut ToolPart)) -> Change {
        self.update_tool(id, edit)
    }

    /// Applies one chunk.
    pub fn apply(&mut self, chunk: &Chunk) -> Change {
        match chunk {
            Chunk::Start { message_id, message_metadata } => {
                if let Some(id) = message_id {
                    self.message.id.clone_from(id);
                }
                self.merge_metadata(message_metadata.as_ref());
                Change::Message
            }
            Chunk::StartStep => self.push(Part::StepStart),
            Chunk::TextStart { id, provider_metadata } => {
                self.start(Kind::Text, id, provider_metadata.as_ref())
            }
            Chunk::ReasoningStart { id, provider_metadata } => {
                self.start(Kind::Reasoning, id, provider_metadata.as_ref())
            }
            Chunk::TextDelta { id, delta, provider_metadata } => {
                self.delta(Kind::Text, id, delta, provider_metadata.as_ref())
            }
            Chunk::ReasoningDelta { id, delta, provider_metadata } => {
                self.delta(Kind::Reasoning, id, delta, provider_metadata.as_ref())
            }
            Chunk::TextEnd { id, provider_metadata } => {
                self.end(Kind::Text, id, provider_metadata.as_ref())
            }
            Chunk::ReasoningEnd { id, provider_metadata } => {
                self.end(Kind::Reasoning, id, provider_metadata.as_ref())
            }
            Chunk::FinishStep => Change::None,
            Chunk::ResetStep => self.reset_step(),
            Chunk::Finish { finish_reason, message_metadata } => {
                self.finish_metadata(finish_reason.is_some(), message_metadata.as_ref());
                Change::Message
            }
            Chunk::MessageMetadata { message_metadata } => {
                self.merge_metadata(Some(message_metadata));
                Change::Message
            }
            Chunk::SourceUrl { source_id, url, title } => self.push(Part::SourceUrl {
                source_id: source_id.clone(),
                url: url.clone(),
                title: title.clone(),
            }),
            Chunk::SourceDocument { source_id, media_type, title, filename } => {
                self.push(Part::SourceDocument {
                    source_id: source_id.clone(),
                    media_type: media_type.clone(),
                    title: title.clone(),
                    filename: filename.clone(),
                })
            }
            Chunk::File { url, media_type } => self.push(Part::File {
                media_type: media_type.clone(),
                url: url.clone(),
                filename: None,
            }),
            Chunk::Data(data) => self.data(data),
            Chunk::Abort { .. } | Chunk::Error { .. } => {
                self.close_all();
                Change::None
            }
            Chunk::Unknown(fields) => self.unknown(fields),
            _ => self.tool(chunk),
        }
    }

    fn tool(&mut self, chunk: &Chunk) -> Change {
        match chunk {
            Chunk::ToolInputStart { tool_call_id, tool_name, dynamic, title } => {
                self.tool_inputs.retain(|(id, _)| id != tool_call_id);
                self.tool_inputs.push((tool_call_id.clone(), String::new()));
                let state = ToolState::InputStreaming;
                self.begin_tool(tool_call_id, tool_name, *dynamic, state, |part| {
                    set_title(part, title.as_ref());
                })
            }
            Chunk::ToolInputDelta { tool_call_id, input_text_delta } => {
                let text = self.tool_inputs.iter_mut().find(|(id, _)| id == tool_call_id);
                let Some((_, text)) = text else { return Change::None };
                text.push_str(input_text_delta);
                let input = partial_json::parse(text);
                self.update_tool(tool_call_id, |part| {
                    // What comes after the whole input is late and says less.
                    if input.is_some() && part.state == ToolState::InputStreaming {
                        part.input = input;
                    }
                })
            }
            Chunk::ToolInputAvailable { tool_call_id, tool_name, input, dynamic, title } => {
                let state = ToolState::InputAvailable;
                self.begin_tool(tool_call_id, tool_name, *dynamic, state, |part| {
                    part.input = Some(input.clone());
                    set_title(part, title.as_ref());
                })
            }
            Chunk::ToolInputError { tool_call_id, tool_name, input, error_text, dynamic } => {
                let state = ToolState::OutputError;
                self.begin_tool(tool_call_id, tool_name, *dynamic, state, |part| {
                    part.input = Some(input.clone());
                    part.error_text = Some(error_text.clone());
                })
            }
            Chunk::ToolApprovalRequest { approval_id, tool_call_id } => {
                self.update_tool(tool_call_id, |part| {
                    part.state = ToolState::ApprovalRequested;
                    part.approval =
                        Some(Approval { id: approval_id.clone(), approved: None, reason: None });
                })
            }
            Chunk::ToolApprovalResponse { approval_id, approved, reason } => {
                let asked = |part: &ToolPart| {
                    part.approval.as_ref().is_some_and(|approval| approval.id == *approval_id)
                };
                self.update_last_tool(asked, |part| {
                    part.state = ToolState::ApprovalResponded;
                    if let Some(approval) = &mut part.approval {
                        approval.approved = Some(*approved);
                        if reason.is_some() {
                            approval.reason.clone_from(reason);
                        }
                    }
                })
            }
            Chunk::ToolOutputAvailable { tool_call_id, output, preliminary } => {
                self.update_tool(tool_call_id, |part| {
                    part.state = ToolState::OutputAvailable;
                    part.output = Some(output.clone());
                    part.error_text = None;
                    match preliminary {
                        Some(value) => {
                            part.other.insert("preliminary".to_owned(), Value::Bool(*value));
                        }
                        None => {
                            part.other.remove("preliminary");
                        }
                    }
                })
            }
            Chunk::ToolOutputError { tool_call_id, error_text } => {
                self.update_tool(tool_call_id, |part| {
                    part.state = ToolState::OutputError;
                    part.error_text = Some(error_text.clone());
                    // What it showed on the way is no answer.
                    part.output = None;
                    part.other.remove("preliminary");
                })
            }
            Chunk::ToolOutputDenied { tool_call_id } => {
                self.update_tool(tool_call_id, |part| part.state = ToolState::OutputDenied)
            }
            _ => Change::None,
        }
    }

    /// Takes back what the step has written, as when the model is asked again.
    fn reset_step(&mut self) -> Change {
        let parts = &mut self.message.parts;
        let begin = parts.iter().rposition(|part| matches!(part, Part::StepStart));
        parts.truncate(begin.map_or(0, |at| at + 1));
        self.open.clear();
        self.tool_inputs.clear();
        Change::Message
    }

    /// Chunks that are parts as they are.
    fn unknown(&mut self, fields: &Map<String, Value>) -> Change {
        match fields.get("type").and_then(Value::as_str) {
            Some("custom" | "reasoning-file" | "steering-message") => {
                self.push(Part::Unknown(fields.clone()))
            }
            _ => Change::None,
        }
    }

    fn push(&mut self, part: Part) -> Change {
        self.message.parts.push(part);
        Change::Part(self.message.parts.len() - 1)
    }

    fn start(&mut self, kind: Kind, id: &str, metadata: Option<&Value>) -> Change {
        let (text, state) = (String::new(), Some(StreamState::Streaming));
        let provider_metadata = metadata.cloned();
        let change = self.push(match kind {
            Kind::Text => Part::Text { text, state, provider_metadata },
            Kind::Reasoning => Part::Reasoning { text, state, provider_metadata },
        });
        self.open.retain(|open| open.kind != kind || open.id != id);
        let index = self.message.parts.len() - 1;
        self.open.push(OpenPart { kind, id: id.to_owned(), index });
        change
    }

    fn delta(&mut self, kind: Kind, id: &str, delta: &str, metadata: Option<&Value>) -> Change {
        if !self.open.iter().any(|open| open.kind == kind && open.id == id) {
            self.start(kind, id, metadata);
        }
        self.edit_open(kind, id, metadata, |text, _| text.push_str(delta))
    }

    fn end(&mut self, kind: Kind, id: &str, metadata: Option<&Value>) -> Change {
        let change =
            self.edit_open(kind, id, metadata, |_, state| *state = Some(StreamState::Done));
        self.open.retain(|open| open.kind != kind || open.id != id);
        change
    }

    fn edit_open(
        &mut self,
        kind: Kind,
        id: &str,
        metadata: Option<&Value>,
        edit: impl FnOnce(&mut String, &mut Option<StreamState>),
    ) -> Change {
        let open = self.open.iter().find(|open| open.kind == kind && open.id == id);
        let Some(index) = open.map(|open| open.index) else { return Change::None };
        match self.message.parts.get_mut(index) {
            Some(
                Part::Text { text, state, provider_metadata }
                | Part::Reasoning { text, state, provider_metadata },
            ) => {
                if let Some(metadata) = metadata {
                    *provider_metadata = Some(metadata.clone());
                }
                edit(text, state);
                Change::Part(index)
            }
            _ => Change::None,
        }
    }

    fn close_all(&mut self) {
        for open in std::mem::take(&mut self.open) {
            if let Some(Part::Text { state, .. } | Part::Reasoning { state, .. }) =
                self.message.parts.get_mut(open.index)
            {
                *state = Some(StreamState::Done);
            }
        }
    }

    /// The part of a call whose input begins or is here, without what an earlier begin left. A
    /// model may give the same id to calls of different steps.
    fn begin_tool(
        &mut self,
        id: &str,
        name: &str,
        dynamic: Option<bool>,
        state: ToolState,
        edit: impl FnOnce(&mut ToolPart),
    ) -> Change {
        let of_this_step = self.message.parts.iter().rev();
        let mut of_this_step = of_this_step.take_while(|part| !matches!(part, Part::StepStart));
        if !of_this_step.any(|part| matches!(part, Part::Tool(tool) if tool.tool_call_id == id)) {
            self.push(Part::Tool(ToolPart::new(id, name, dynamic == Some(true), state)));
        }
        self.update_tool(id, |part| {
            part.state = state;
            part.input = None;
            part.output = None;
            part.error_text = None;
            part.other.remove("preliminary");
            edit(part);
        })
    }

    fn update_tool(&mut self, id: &str, edit: impl FnOnce(&mut ToolPart)) -> Change {
        self.update_last_tool(|tool| tool.tool_call_id == id, edit)
    }

    fn update_last_tool(
        &mut self,
        fits: impl Fn(&ToolPart) -> bool,
        edit: impl FnOnce(&mut ToolPart),
    ) -> Change {
        for (index, part) in self.message.parts.iter_mut().enumerate().rev() {
            if let Part::Tool(tool) = part
                && fits(tool)
            {
                edit(tool);
                return Change::Part(index);
            }
        }
        Change::None
    }

    fn data(&mut self, chunk: &DataChunk) -> Change {
        if chunk.transient == Some(true) {
            return Change::None;
        }
        if chunk.id.is_some() {
            for (index, part) in self.message.parts.iter_mut().enumerate() {
                if let Part::Data(data) = part
                    && data.kind == chunk.kind
                    && data.id == chunk.id
                {
                    data.data.clone_from(&chunk.data);
                    return Change::Part(index);
                }
            }
        }
        self.push(Part::Data(DataPart {
            kind: chunk.kind.clone(),
            id: chunk.id.clone(),
            data: chunk.data.clone(),
        }))
    }

    /// The reason of the end comes as metadata too, and is nothing to keep.
    fn finish_metadata(&mut self, has_reason: bool, metadata: Option<&Value>) {
        match metadata {
            Some(Value::Object(fields)) if has_reason && fields.contains_key("finishReason") => {
                let mut fields = fields.clone();
                fields.remove("finishReason");
                if !fields.is_empty() {
                    self.merge_metadata(Some(&Value::Object(fields)));
                }
            }
            metadata => self.merge_metadata(metadata),
        }
    }

    fn merge_metadata(&mut self, new: Option<&Value>) {
        if let Some(new) = new.filter(|new| !new.is_null()) {
            merge(self.message.metadata.get_or_insert(Value::Null), new);
        }
    }
}

fn set_title(part: &mut ToolPart, title: Option<&String>) {
    if let Some(title) = title {
        part.other.insert("title".to_owned(), Value::String(title.clone()));
    }
}

/// Merges objects key by key, all the way down; anything else is replaced.
fn merge(into: &mut Value, new: &Value) {
    match (into, new) {
        (Value::Object(into), Value::Object(new)) => {
            for (key, value) in new {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, new) => *into = new.clone(),
    }
}
