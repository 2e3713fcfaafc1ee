//! The history as a model reads it.

use domovoi_models::{ModelMessage, ToolCall, UserContent, UserPart};
use domovoi_protocol::{
    Part, Role, UiMessage,
    message::{ToolPart, ToolState},
};
use serde_json::Value;

/// A message of the history as a model reads it. Tool calls without a result are left out: a
/// model may not see a call that nobody answered. Images are shown to a model that takes `images`,
/// and named to any other.
pub(super) fn to_model(message: &UiMessage, images: bool) -> Vec<ModelMessage> {
    match message.role {
        Role::System => vec![ModelMessage::System { content: message.text() }],
        Role::User => vec![ModelMessage::User { content: user_content(message, images) }],
        Role::Assistant => message
            .parts
            .split(|part| matches!(part, Part::StepStart))
            .flat_map(step_to_model)
            .collect(),
    }
}

fn user_content(message: &UiMessage, images: bool) -> UserContent {
    let part = |part: &Part| match part {
        Part::Text { text, .. } => Some(UserPart::text(text.as_str())),
        Part::File { url, media_type, filename, .. } => {
            if images && media_type.starts_with("image/") && is_readable_elsewhere(url) {
                return Some(UserPart::image(url.as_str()));
            }
            let name = filename.as_deref().unwrap_or("without a name");
            Some(UserPart::text(format!("\n[A file was attached: {name} ({media_type})]\n")))
        }
        _ => None,
    };
    UserContent::new(message.parts.iter().filter_map(part))
}

/// Whether a provider can do something with an address: a path of our own server says it nothing.
fn is_readable_elsewhere(url: &str) -> bool {
    ["data:", "https://", "http://"].iter().any(|scheme| url.starts_with(scheme))
}

fn step_to_model(parts: &[Part]) -> Vec<ModelMessage> {
    let (mut content, mut tool_calls, mut results) = (String::new(), Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text { text, .. } => content.push_str(text),
            Part::Tool(tool) => {
                let result = match (&tool.output, &tool.error_text) {
                    (_, Some(error)) => format!("Error: {error}"),
                    (Some(output), None) => as_text(output),
                    (None, None) if tool.state == ToolState::OutputDenied => rejection(tool),
                    // The conversation went on before it could run.
                    (None, None) if tool.state == ToolState::ApprovalResponded => {
                        "The person approved this call, but it did not run.".to_owned()
                    }
                    (None, None) => continue,
                };
                tool_calls.push(ToolCall {
                    id: tool.tool_call_id.clone(),
                    name: tool.name().to_owned(),
                    arguments: tool
                        .input
                        .as_ref()
                        // Arguments that were not JSON are here as text, which servers refuse.
                        .filter(|input| input.is_object())
                        .map_or_else(|| "{}".to_owned(), Value::to_string),
                });
                let tool_call_id = tool.tool_call_id.clone();
                results.push(ModelMessage::Tool { tool_call_id, content: result });
            }
            _ => {}
        }
    }
    if content.is_empty() && tool_calls.is_empty() {
        return Vec::new();
    }
    let mut messages = vec![ModelMessage::Assistant { content, tool_calls }];
    messages.append(&mut results);
    messages
}

/// What a model is told of a call that a person has rejected.
fn rejection(tool: &ToolPart) -> String {
    match tool.approval.as_ref().and_then(|approval| approval.reason.as_deref()) {
        Some(reason) => format!("The person rejected this call: {reason}"),
        None => "The person rejected this call.".to_owned(),
    }
}

/// A tool's result in the words a model reads.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tool_call_is_followed_by_its_result_and_an_open_one_is_left_out() {
        let message: UiMessage = serde_json::from_value(json!({
            "id": "m", "role": "assistant", "parts": [
                {"type": "step-start"},
                {"type": "text", "text": "Looking. "},
                {"type": "tool-look", "toolCallId": "1", "state": "output-available",
                 "input": {"at": "sky"}, "output": "blue"},
                {"type": "tool-look", "toolCallId": "2", "state": "input-available", "input": {}},
                {"type": "step-start"},
                {"type": "text", "text": "It is blue."},
            ],
        }))
        .unwrap();
        let call = ToolCall {
            id: "1".to_owned(),
            name: "look".to_owned(),
            arguments: r#"{"at":"sky"}"#.to_owned(),
        };
        let expected = [
            ModelMessage::Assistant { content: "Looking. ".to_owned(), tool_calls: vec![call] },
            ModelMessage::Tool { tool_call_id: "1".to_owned(), content: "blue".to_owned() },
            ModelMessage::Assistant { content: "It is blue.".to_owned(), tool_calls: Vec::new() },
        ];
        assert_eq!(to_model(&message, true), expected);
    }

    #[test]
    fn an_image_is_shown_to_a_model_that_can_look_and_named_to_any_other() {
        let message: UiMessage = serde_json::from_value(json!({
            "id": "m", "role": "user", "parts": [
                {"type": "text", "text": "What is this?"},
                {"type": "file", "mediaType": "image/png", "url": "data:image/png;base64,YQ==",
                 "filename": "a.png"},
                {"type": "file", "mediaType": "text/csv", "url": "data:text/csv,a"},
            ],
        }))
        .unwrap();
        let csv = "\n[A file was attached: without a name (text/csv)]\n";
        let content = |images| match to_model(&message, images).remove(0) {
            ModelMessage::User { content } => content,
            other => panic!("{other:?}"),
        };
        let image = UserPart::image("data:image/png;base64,YQ==");
        let parts = [UserPart::text("What is this?"), image, UserPart::text(csv)];
        assert_eq!(content(true).parts(), parts);
        assert_eq!(
            content(false).text(),
            format!("What is this?\n[A file was attached: a.png (image/png)]\n{csv}")
        );
    }
}
