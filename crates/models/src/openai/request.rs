//! Our request as OpenAI's JSON.

use serde_json::{Map, Value, json};

use crate::{
    ModelMessage, ModelRequest, ResponseFormat, ToolCall, ToolChoice, ToolDefinition, UserContent,
    UserPart,
};

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
        // Left out where it says what is so anyway: some endpoints do not know the field.
        if let Some(choice) = tool_choice(&request.tool_choice) {
            body.insert("tool_choice".to_owned(), choice);
        }
    }
    if let Some(ResponseFormat::JsonSchema { name, schema }) = &request.response_format {
        let strict = is_strict(schema);
        let schema = json!({"name": name, "schema": schema, "strict": strict});
        let format = json!({"type": "json_schema", "json_schema": schema});
        body.insert("response_format".to_owned(), format);
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
        ModelMessage::User { content } => json!({"role": "user", "content": user(content)}),
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

/// Plain text where there is nothing else: not every endpoint takes parts.
fn user(content: &UserContent) -> Value {
    if !content.has_images() {
        return content.text().into();
    }
    let part = |part: &UserPart| match part {
        UserPart::Text { text } => json!({"type": "text", "text": text}),
        UserPart::Image { url } => json!({"type": "image_url", "image_url": {"url": url}}),
    };
    content.parts().iter().map(part).collect()
}

fn tool_choice(choice: &ToolChoice) -> Option<Value> {
    match choice {
        ToolChoice::Auto => None,
        ToolChoice::None => Some("none".into()),
        ToolChoice::Required => Some("required".into()),
        ToolChoice::Tool(name) => Some(json!({"type": "function", "function": {"name": name}})),
    }
}

/// Whether OpenAI takes a schema as a strict one: every object names all its properties as
/// required and allows no others. What it does not take that way it refuses altogether.
fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => {
            let closed = match fields.get("properties").and_then(Value::as_object) {
                Some(properties) => {
                    let required = fields.get("required").and_then(Value::as_array);
                    let is_required = |name: &String| {
                        required.is_some_and(|names| names.iter().any(|other| other == name))
                    };
                    fields.get("additionalProperties") == Some(&Value::Bool(false))
                        && properties.keys().all(is_required)
                }
                None => fields.get("type").is_none_or(|kind| kind != "object"),
            };
            closed && fields.values().all(is_strict)
        }
        Value::Array(items) => items.iter().all(is_strict),
        _ => true,
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

    #[test]
    fn images_choice_and_schema_become_the_documented_json() {
        let content =
            UserContent::new([UserPart::text("What?"), UserPart::image_bytes("image/png", b"a")]);
        let mut request = ModelRequest::new(vec![ModelMessage::User { content }]);
        let schema = json!({
            "type": "object", "properties": {"x": {"type": "integer"}},
            "required": ["x"], "additionalProperties": false,
        });
        request.response_format =
            Some(ResponseFormat::JsonSchema { name: "thing".into(), schema: schema.clone() });
        request.tool_choice = ToolChoice::Required;
        let without_tools = body("m", &request, false);
        assert_eq!(
            without_tools["messages"][0]["content"],
            json!([
                {"type": "text", "text": "What?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,YQ=="}},
            ])
        );
        assert_eq!(
            without_tools["response_format"],
            json!({"type": "json_schema",
                "json_schema": {"name": "thing", "schema": schema, "strict": true}})
        );
        assert!(without_tools.get("tool_choice").is_none(), "there is nothing to choose from");
        request.tools = vec![ToolDefinition {
            name: "f".into(),
            description: String::new(),
            parameters: json!({"type": "object"}),
        }];
        assert_eq!(body("m", &request, false)["tool_choice"], "required");
        request.tool_choice = ToolChoice::Tool("f".into());
        assert_eq!(
            body("m", &request, false)["tool_choice"],
            json!({"type": "function", "function": {"name": "f"}})
        );
    }

    #[test]
    fn only_closed_schemas_are_strict() {
        assert!(!is_strict(&json!({"type": "object"})));
        assert!(!is_strict(&json!({
            "type": "object", "properties": {"x": {}}, "additionalProperties": false,
        })));
        assert!(is_strict(&json!({"type": "array", "items": {"type": "string"}})));
    }
}
