//! Going on with an answer in clients that know no more than the AI SDK does.
//!
//! Such a client takes a continuation up as a message of its own, unless a call of the newest answer
//! was decided on and has not run (`ai` 7, `resumableResponseMessage`). It cannot say which of the two
//! it does. So it is first told the answer as it was when the continuation began, and then gets the
//! chunks that are right for that.

use domovoi_protocol::{
    Chunk, Part, UiMessage,
    chunk::DataChunk,
    message::{DataPart, ToolPart, ToolState},
};
use serde_json::Value;

use super::legacy;
use crate::Connection;

/// The newest turn that goes on with an answer.
#[derive(Debug)]
pub(super) struct Continued {
    /// The turn.
    pub(super) id: String,
    requester: Option<Connection>,
    /// The answer as it was, as such a client is told it.
    message: UiMessage,
}

impl Continued {
    /// `rejected` is the call whose rejection lets the answer go on.
    pub(super) fn new(
        id: &str,
        requester: Option<&Connection>,
        message: &UiMessage,
        rejected: Option<&str>,
    ) -> Self {
        let message = match rejected {
            Some(call) => decided(message, call),
            None => message.clone(),
        };
        Self { id: id.to_owned(), requester: requester.cloned(), message }
    }

    /// The answer before the continuation.
    pub(super) fn message(&self) -> &UiMessage {
        &self.message
    }

    /// Whether a client adds the chunks to the answer it has; else it begins an empty message.
    fn is_held(&self) -> bool {
        calls(&self.message).any(|call| call.state == ToolState::ApprovalResponded)
    }

    /// Whether a connection is the one that asked. Another may be of a client that has seen chunks
    /// of the turn before, and would leave out those whose numbers it knows although its answer was set
    /// back.
    pub(super) fn was_asked_by(&self, connection: &Connection) -> bool {
        self.requester.as_ref() == Some(connection)
    }

    /// What a client needs before the chunks of the turn.
    pub(super) fn head(&self) -> Vec<Chunk> {
        if !self.is_held() {
            return whole(&self.message);
        }
        let denied = calls(&self.message).filter(|call| is_denied(call));
        denied
            .map(|call| Chunk::ToolOutputDenied { tool_call_id: call.tool_call_id.clone() })
            .collect()
    }
}

/// Whether a client knows no more than the AI SDK does.
pub(super) fn concerns(connection: &Connection) -> bool {
    !connection.is_ours() && !legacy::is_old(connection)
}

/// A message with a rejected call as the AI SDK has it until a chunk says that it will not run: the
/// client has written the decision into its message by itself.
pub(super) fn decided(message: &UiMessage, call: &str) -> UiMessage {
    let mut message = message.clone();
    for part in &mut message.parts {
        if let Part::Tool(tool) = part
            && tool.tool_call_id == call
            && tool.state == ToolState::OutputDenied
        {
            tool.state = ToolState::ApprovalResponded;
        }
    }
    message
}

fn calls(message: &UiMessage) -> impl Iterator<Item = &ToolPart> {
    message.parts.iter().filter_map(|part| match part {
        Part::Tool(tool) => Some(tool),
        _ => None,
    })
}

fn is_denied(call: &ToolPart) -> bool {
    call.state == ToolState::ApprovalResponded
        && call.approval.as_ref().is_some_and(|approval| approval.approved == Some(false))
}

/// The chunks a message is made of.
fn whole(message: &UiMessage) -> Vec<Chunk> {
    let mut chunks = vec![Chunk::Start {
        message_id: Some(message.id.clone()),
        message_metadata: message.metadata.clone(),
    }];
    for (index, part) in message.parts.iter().enumerate() {
        let id = format!("part-{index}");
        match part.clone() {
            Part::Text { text, provider_metadata, .. } => chunks.extend([
                Chunk::TextStart { id: id.clone(), provider_metadata },
                Chunk::text_delta(id.clone(), text),
                Chunk::text_end(id),
            ]),
            Part::Reasoning { text: delta, provider_metadata, .. } => chunks.extend([
                Chunk::ReasoningStart { id: id.clone(), provider_metadata },
                Chunk::ReasoningDelta { id: id.clone(), delta, provider_metadata: None },
                Chunk::ReasoningEnd { id, provider_metadata: None },
            ]),
            Part::File { media_type, url, .. } => chunks.push(Chunk::File { url, media_type }),
            Part::SourceUrl { source_id, url, title } => {
                chunks.push(Chunk::SourceUrl { source_id, url, title });
            }
            Part::SourceDocument { source_id, media_type, title, filename } => {
                chunks.push(Chunk::SourceDocument { source_id, media_type, title, filename });
            }
            Part::StepStart => chunks.push(Chunk::StartStep),
            Part::Tool(tool) => call(tool, &mut chunks),
            Part::Data(DataPart { kind, id, data }) => {
                chunks.push(Chunk::Data(DataChunk { kind, id, data, transient: None }));
            }
            _ => {}
        }
    }
    chunks
}

/// The chunks of one call.
fn call(tool: ToolPart, chunks: &mut Vec<Chunk>) {
    let tool_name = tool.name().to_owned();
    let preliminary = tool.other.get("preliminary").and_then(Value::as_bool);
    let title = tool.other.get("title").and_then(Value::as_str).map(str::to_owned);
    let ToolPart { kind, tool_call_id, state, input, output, error_text, approval, .. } = tool;
    let dynamic = (kind == "dynamic-tool").then_some(true);
    chunks.push(Chunk::ToolInputAvailable {
        tool_call_id: tool_call_id.clone(),
        tool_name,
        input: input.unwrap_or_default(),
        dynamic,
        title,
    });
    if let Some(approval) = approval {
        let approval_id = approval.id;
        let tool_call_id = tool_call_id.clone();
        chunks.push(Chunk::ToolApprovalRequest { approval_id: approval_id.clone(), tool_call_id });
        if let Some(approved) = approval.approved {
            let reason = approval.reason;
            chunks.push(Chunk::ToolApprovalResponse { approval_id, approved, reason });
        }
    }
    match state {
        ToolState::OutputAvailable => chunks.push(Chunk::ToolOutputAvailable {
            tool_call_id,
            output: output.unwrap_or_default(),
            preliminary,
        }),
        ToolState::OutputError => chunks.push(Chunk::ToolOutputError {
            tool_call_id,
            error_text: error_text.unwrap_or_default(),
        }),
        ToolState::OutputDenied => chunks.push(Chunk::ToolOutputDenied { tool_call_id }),
        ToolState::InputStreaming
        | ToolState::InputAvailable
        | ToolState::ApprovalRequested
        | ToolState::ApprovalResponded => {}
    }
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::{Reducer, Role};
    use serde_json::json;

    use super::*;

    fn answer(parts: Value) -> UiMessage {
        serde_json::from_value(json!({"id": "m", "role": "assistant", "parts": parts})).unwrap()
    }

    #[test]
    fn the_chunks_of_a_message_make_it_again() {
        let message = answer(json!([
            {"type": "step-start"},
            {"type": "reasoning", "text": "hm", "state": "done"},
            {"type": "text", "text": "so", "state": "done"},
            {"type": "tool-a", "toolCallId": "1", "state": "output-available", "input": {"x": 1},
             "output": [2], "approval": {"id": "q", "approved": true, "reason": "yes"}},
            {"type": "tool-b", "toolCallId": "2", "state": "output-error", "input": {}, "errorText": "no"},
            {"type": "step-start"},
            {"type": "tool-c", "toolCallId": "3", "state": "output-denied", "input": {},
             "approval": {"id": "r", "approved": false}},
            {"type": "source-url", "sourceId": "s", "url": "https://example.org"},
            {"type": "data-d", "id": "d", "data": 4}
        ]));
        let mut reducer = Reducer::new("other");
        for chunk in whole(&message) {
            reducer.apply(&chunk);
        }
        let made = serde_json::to_value(reducer.finish().parts).unwrap();
        assert_eq!(made, serde_json::to_value(&message.parts).unwrap());
    }

    #[test]
    fn a_rejected_call_waits_for_the_word_that_it_will_not_run() {
        let message = answer(json!([
            {"type": "tool-c", "toolCallId": "3", "state": "output-denied", "input": {},
             "approval": {"id": "r", "approved": false}}
        ]));
        let continued = Continued::new("t", None, &message, Some("3"));
        assert!(continued.is_held());
        assert_eq!(continued.head(), [Chunk::ToolOutputDenied { tool_call_id: "3".to_owned() }]);
        let other = Continued::new("t", None, &message, None);
        assert!(!other.is_held());
        assert_eq!(other.message().role, Role::Assistant);
    }
}
