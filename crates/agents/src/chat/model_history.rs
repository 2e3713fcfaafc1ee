//! The history as a model reads it.

use domovoi_models::{ModelMessage, ToolCall};
use domovoi_protocol::{Part, Role, UiMessage};
use serde_json::Value;

/// A message of the history as a model reads it. Tool calls without a result are left out: a
/// model may not see a call that nobody answered.
pub(super) fn to_model(message: &UiMessage) -> Vec<ModelMessage> {
    match message.role {
        Role::System => vec![ModelMessage::System { content: message.text() }],
        Role::User => vec![ModelMessage::User { content: message.text() }],
        Role::Assistant => message
            .parts
            .split(|part| matches!(part, Part::StepStart))
            .flat_map(step_to_model)
            .collect(),
    }
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
                    (None, None) => continue,
                };
                tool_calls.push(ToolCall {
                    id: tool.tool_call_id.clone(),
                    name: tool.name().to_owned(),
                    arguments: tool
                        .input
                        .as_ref()
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
        assert_eq!(to_model(&message), expected);
    }
}
