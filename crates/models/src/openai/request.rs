//! Our request as OpenAI's JSON.

use serde_json::{Map, Value, json};

use crate::{ModelMessage, ModelRequest, ToolCall, ToolDefinition};

/// The body of a streaming chat completion. OpenAI's newer models refuse `max_tokens`; most
/// other endpoints know nothing else.
pub(super) fn body(model: &str, request: &ModelRequest, is_openai: bool) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), model.into());
    body.insert("messages".to_owned(), request.messages.iter().map(message).collect());
    body.insert("stream".to_owned(), true.into());
    body.insert("stream_options".to_owned(), json!({"include_usage": true}));
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), request.tools.iter().map(tool).collect());
    }
    if let Some(limit) = request.max_tokens {
        let name = if is_openai { "max_completion_tokens" } else { "max_tokens" };
        body.insert(name.to_owned(), limit.into());
    }
    if let Some(temperature) = request.temperature {
        // Through text: 0.7_f32 as a double is 0.699999988079071.
        let temperature: f64 = temperature.to_string().parse().unwrap_or(f64::from(temperature));
        body.insert("temperature".to_owned(), temperature.into());
    }
    Value::Object(body)
}

fn message(message: &ModelMessage) -> Value {
    match message {
        ModelMessage::System { content } => json!({"role": "system", "content": content}),
        ModelMessage::User { content } => json!({"role": "user", "content": content}),
        ModelMessage::Assistant { content, tool_calls } if tool_calls.is_empty() => {
            json!({"role": "assistant", "content": content})
        }
        ModelMessage::Assistant { content, tool_calls } => {
            let content = (!content.is_empty()).then_some(content);
            let calls: Vec<_> = tool_calls.iter().map(call).collect();
            json!({"role": "assistant", "content": content, "tool_calls": calls})
        }
        ModelMessage::Tool { tool_call_id, content } => {
            json!({"role": "tool", "tool_call_id": tool_call_id, "content": content})
        }
    }
}

fn call(ToolCall { id, name, arguments }: &ToolCall) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

fn tool(ToolDefinition { name, description, parameters }: &ToolDefinition) -> Value {
    let function = json!({"name": name, "description": description, "parameters": parameters});
    json!({"type": "function", "function": function})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_with_tools_becomes_the_documented_json() {
        let mut request = ModelRequest::new(vec![
            ModelMessage::System { content: "Be kind.".into() },
            ModelMessage::User { content: "Weather?".into() },
            ModelMessage::Assistant {
                content: String::new(),
                tool_calls: vec![ToolCall {
                    id: "c1".into(),
                    name: "weather".into(),
                    arguments: r#"{"city":"Riga"}"#.into(),
                }],
            },
            ModelMessage::Tool { tool_call_id: "c1".into(), content: "7 °C".into() },
        ]);
        request.tools = vec![ToolDefinition {
            name: "weather".into(),
            description: "The weather.".into(),
            parameters: json!({"type": "object"}),
        }];
        request.max_tokens = Some(9);
        request.temperature = Some(0.7);
        let expected = json!({
            "model": "m",
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "content": null, "tool_calls": [{
                    "id": "c1", "type": "function",
                    "function": {"name": "weather", "arguments": "{\"city\":\"Riga\"}"},
                }]},
                {"role": "tool", "tool_call_id": "c1", "content": "7 °C"},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
            "tools": [{"type": "function", "function": {
                "name": "weather", "description": "The weather.", "parameters": {"type": "object"},
            }}],
            "max_tokens": 9,
            "temperature": 0.7,
        });
        assert_eq!(body("m", &request, false), expected);
        assert_eq!(body("m", &request, true)["max_completion_tokens"], 9);
    }
}
