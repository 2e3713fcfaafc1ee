//! A program's messages as a conversation that an agent reads.

use domovoi_models::{ModelMessage, ToolCall, UserContent, UserPart};
use domovoi_protocol::{
    Part, Role, UiMessage,
    message::{ToolPart, ToolState},
};
use serde_json::{Value, json};

use super::ApiError;

/// The messages as an agent's history: what tools answered is in the message that called them.
pub(super) fn of(messages: Vec<ModelMessage>) -> Result<Vec<UiMessage>, ApiError> {
    let mut history: Vec<UiMessage> = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        let id = format!("message-{index}");
        match message {
            ModelMessage::System { content } => {
                history.push(UiMessage::new(id, Role::System, content));
            }
            ModelMessage::User { content } => history.push(user(id, &content)),
            ModelMessage::Assistant { content, tool_calls } => {
                let mut parts = vec![Part::StepStart];
                if !content.is_empty() {
                    parts.push(Part::text(content));
                }
                parts.extend(tool_calls.into_iter().map(call));
                // Steps of one answer are one message.
                match history.last_mut() {
                    Some(last) if last.role == Role::Assistant => last.parts.extend(parts),
                    _ => history.push(with_parts(id, Role::Assistant, parts)),
                }
            }
            ModelMessage::Tool { tool_call_id, content } => {
                let last = history.last_mut().filter(|last| last.role == Role::Assistant);
                let called = last.and_then(|last| {
                    last.parts.iter_mut().find_map(|part| match part {
                        Part::Tool(tool) if tool.tool_call_id == tool_call_id => Some(tool),
                        _ => None,
                    })
                });
                let Some(tool) = called else {
                    let message = format!("No call `{tool_call_id}` is before it.");
                    let param = format!("messages[{index}].tool_call_id");
                    return Err(ApiError::invalid(message, Some(&param)));
                };
                tool.state = ToolState::OutputAvailable;
                tool.output = Some(Value::String(content));
            }
            _ => {}
        }
    }
    Ok(history)
}

/// What a person says, as a message.
pub(super) fn user(id: String, content: &UserContent) -> UiMessage {
    let part = |part: &UserPart| match part {
        UserPart::Text { text } => Some(Part::text(text.as_str())),
        UserPart::Image { url } => Some(Part::File {
            media_type: media_type(url).to_owned(),
            url: url.clone(),
            filename: None,
        }),
        _ => None,
    };
    with_parts(id, Role::User, content.parts().iter().filter_map(part).collect())
}

/// What an address says of an image's type.
fn media_type(url: &str) -> &str {
    let inside = url.strip_prefix("data:").and_then(|rest| rest.split([';', ',']).next());
    inside.unwrap_or("image/*")
}

fn with_parts(id: String, role: Role, parts: Vec<Part>) -> UiMessage {
    UiMessage { id, role, metadata: None, parts }
}

fn call(call: ToolCall) -> Part {
    let mut tool = ToolPart::new(&call.id, &call.name, false, ToolState::InputAvailable);
    tool.input = Some(serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({})));
    Part::Tool(tool)
}
