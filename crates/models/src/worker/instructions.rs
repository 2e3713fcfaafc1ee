//! What a model is told of tools and formats, and calls and results in words: templates of small
//! models know neither.
//!
//! The words are those that Hermes and Qwen were trained with; others understand them.

use serde_json::{Value, json};

use super::protocol::Constraint;
use crate::{ModelMessage, ToolCall, ToolDefinition};

/// Begins a call in an answer.
pub(super) const CALL: &str = "<tool_call>";
const CALL_END: &str = "</tool_call>";

/// The conversation with instructions for this constraint, and with nothing in it but what
/// system, user and assistant say.
pub(super) fn instruct(
    messages: &[ModelMessage],
    constraint: Option<&Constraint>,
) -> Vec<ModelMessage> {
    let mut told: Vec<ModelMessage> = Vec::with_capacity(messages.len() + 1);
    for message in messages {
        match message {
            ModelMessage::Assistant { content, tool_calls } if !tool_calls.is_empty() => {
                let calls = tool_calls.iter().map(call_text);
                let content = [content.clone()].into_iter().filter(|text| !text.is_empty());
                let content = content.chain(calls).collect::<Vec<_>>().join("\n");
                told.push(ModelMessage::Assistant { content, tool_calls: Vec::new() });
            }
            ModelMessage::Tool { content, .. } => {
                let mut result = format!("<tool_response>\n{content}\n</tool_response>");
                // Some templates refuse two messages of one role in a row.
                if let Some(ModelMessage::User { content }) =
                    told.pop_if(|last| matches!(last, ModelMessage::User { .. }))
                {
                    result = format!("{}\n{result}", content.text());
                }
                told.push(ModelMessage::User { content: result.into() });
            }
            _ => told.push(message.clone()),
        }
    }
    if let Some(constraint) = constraint {
        let instructions = instructions(constraint);
        match told.first_mut() {
            Some(ModelMessage::System { content }) => {
                content.push_str("\n\n");
                content.push_str(&instructions);
            }
            _ => told.insert(0, ModelMessage::System { content: instructions }),
        }
    }
    told
}

fn call_text(call: &ToolCall) -> String {
    // Arguments that a person has edited, say, may be anything.
    let arguments = serde_json::from_str(&call.arguments).unwrap_or(Value::Null);
    let call = json!({"name": call.name, "arguments": arguments});
    format!("{CALL}\n{call}\n{CALL_END}")
}

fn instructions(constraint: &Constraint) -> String {
    match constraint {
        Constraint::Json { schema } => {
            format!("Answer with JSON that fits this JSON Schema and with nothing else:\n{schema}")
        }
        Constraint::Call { tools, required } => {
            let tools: Vec<String> = tools.iter().map(tool_text).collect();
            let when = if *required {
                "Call one of these functions"
            } else {
                "You may call one of these functions where the answer needs it"
            };
            format!(
                "# Tools\n\n{when}:\n<tools>\n{}\n</tools>\n\nTo call a function, answer with its \
                 name and arguments as JSON:\n{CALL}\n{{\"name\": <name>, \"arguments\": \
                 <arguments>}}\n{CALL_END}",
                tools.join("\n")
            )
        }
    }
}

fn tool_text(tool: &ToolDefinition) -> String {
    let ToolDefinition { name, description, parameters } = tool;
    let function = json!({"name": name, "description": description, "parameters": parameters});
    json!({"type": "function", "function": function}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_results_are_words() {
        let call = |id: &str, arguments: &str| ToolCall {
            id: id.into(),
            name: "getWeather".into(),
            arguments: arguments.into(),
        };
        let result = |id: &str, content: &str| ModelMessage::Tool {
            tool_call_id: id.into(),
            content: content.into(),
        };
        let tool_calls = vec![call("a", r#"{"city":"Oslo"}"#), call("b", "no JSON")];
        let messages = [
            ModelMessage::User { content: "Weather?".into() },
            ModelMessage::Assistant { content: "I look.".into(), tool_calls },
            result("a", "4"),
            result("b", "wrong"),
        ];
        let tool = ToolDefinition {
            name: "getWeather".into(),
            description: "Tells it.".into(),
            parameters: json!({"type": "object"}),
        };
        let constraint = Constraint::Call { tools: vec![tool], required: false };
        let told = instruct(&messages, Some(&constraint));
        let [ModelMessage::System { content: system }, _, assistant, results] = told.as_slice()
        else {
            panic!("{told:?}");
        };
        assert!(system.contains(r#""description":"Tells it.""#), "{system}");
        assert_eq!(
            assistant,
            &ModelMessage::Assistant {
                content: "I look.\n<tool_call>\n{\"name\":\"getWeather\",\"arguments\":\
                          {\"city\":\"Oslo\"}}\n</tool_call>\n<tool_call>\n{\"name\":\
                          \"getWeather\",\"arguments\":null}\n</tool_call>"
                    .into(),
                tool_calls: vec![],
            }
        );
        assert_eq!(
            results,
            &ModelMessage::User {
                content: "<tool_response>\n4\n</tool_response>\n<tool_response>\nwrong\n\
                          </tool_response>"
                    .into()
            }
        );
    }

    #[test]
    fn instructions_follow_those_of_the_conversation() {
        let messages = [ModelMessage::System { content: "Be kind.".into() }];
        let schema = json!({"type": "string"});
        let told = instruct(&messages, Some(&Constraint::Json { schema }));
        let [ModelMessage::System { content }] = told.as_slice() else { panic!("{told:?}") };
        assert!(content.starts_with("Be kind.\n\nAnswer with JSON"), "{content}");
        assert_eq!(instruct(&messages, None), messages);
    }
}
