//! A question as OpenAI's API has it, and as a model reads it.

use domovoi_models::{
    ModelMessage, ModelRequest, ResponseFormat, ToolCall, ToolChoice, ToolDefinition, UserContent,
    UserPart,
};
use serde::Deserialize;
use serde_json::Value;

use super::ApiError;

/// A question, understood.
#[derive(Debug)]
pub(super) struct Completion {
    pub(super) model: String,
    pub(super) request: ModelRequest,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
}

#[derive(Deserialize)]
struct Body {
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    tools: Vec<Tool>,
    #[serde(default)]
    tool_choice: Option<Value>,
    #[serde(default)]
    response_format: Option<Value>,
    temperature: Option<f32>,
    max_tokens: Option<u32>,
    max_completion_tokens: Option<u32>,
    n: Option<u32>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    tool_calls: Vec<Call>,
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
struct Call {
    id: String,
    function: CalledFunction,
}

#[derive(Deserialize)]
struct CalledFunction {
    name: String,
    #[serde(default)]
    arguments: String,
}

#[derive(Deserialize)]
struct Tool {
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Option<Value>,
}

/// Reads a question.
pub(super) fn read(body: &[u8]) -> Result<Completion, ApiError> {
    let body: Body = serde_json::from_slice(body).map_err(|error| {
        ApiError::invalid(format!("The request cannot be read: {error}."), None)
    })?;
    if body.n.is_some_and(|n| n != 1) {
        return Err(ApiError::invalid("There is one answer to a question: `n` is 1.", Some("n")));
    }
    if body.messages.is_empty() {
        return Err(ApiError::invalid("There are no messages.", Some("messages")));
    }
    let messages = body.messages.into_iter().enumerate().map(|(at, message)| {
        read_message(message)
            .map_err(|what| ApiError::invalid(what, Some(&format!("messages[{at}]"))))
    });
    let mut request = ModelRequest::new(messages.collect::<Result<_, _>>()?);
    request.tools = body.tools.into_iter().map(definition).collect();
    request.tool_choice = tool_choice(body.tool_choice.as_ref())?;
    request.response_format = response_format(body.response_format)?;
    request.temperature = body.temperature;
    request.max_tokens = body.max_completion_tokens.or(body.max_tokens);
    let include_usage = body.stream_options.is_some_and(|options| options.include_usage);
    Ok(Completion { model: body.model, request, stream: body.stream, include_usage })
}

fn read_message(message: Message) -> Result<ModelMessage, String> {
    let Message { role, content, tool_calls, tool_call_id } = message;
    Ok(match role.as_str() {
        "system" | "developer" => ModelMessage::System { content: text_of(&content)? },
        "user" => ModelMessage::User { content: user_content(&content)? },
        "assistant" => {
            let tool_calls = tool_calls.into_iter().map(|Call { id, function }| ToolCall {
                id,
                name: function.name,
                arguments: function.arguments,
            });
            ModelMessage::Assistant {
                content: text_of(&content)?,
                tool_calls: tool_calls.collect(),
            }
        }
        "tool" => ModelMessage::Tool {
            tool_call_id: tool_call_id.ok_or("A result of a tool has a `tool_call_id`.")?,
            content: text_of(&content)?,
        },
        other => return Err(format!("There is no role `{other}`.")),
    })
}

/// The text of a content: a string, parts of text, or nothing.
fn text_of(content: &Value) -> Result<String, String> {
    match user_content(content)? {
        content if content.has_images() => Err("Only a user's message can have images.".to_owned()),
        content => Ok(content.text()),
    }
}

fn user_content(content: &Value) -> Result<UserContent, String> {
    let parts = match content {
        Value::Null => return Ok(UserContent::default()),
        Value::String(text) => return Ok(text.as_str().into()),
        Value::Array(parts) => parts,
        _ => return Err("`content` is a text or a list of parts.".to_owned()),
    };
    let parts = parts.iter().map(|part| match part["type"].as_str() {
        Some("text") => part["text"].as_str().map(UserPart::text).ok_or("A text part has `text`."),
        Some("image_url") => part["image_url"]["url"]
            .as_str()
            .map(UserPart::image)
            .ok_or("An image part has `image_url.url`."),
        _ => Err("Parts of a message are of type `text` or `image_url`."),
    });
    Ok(UserContent::new(parts.collect::<Result<Vec<_>, _>>()?))
}

fn definition(Tool { function }: Tool) -> ToolDefinition {
    let Function { name, description, parameters } = function;
    let none = || serde_json::json!({"type": "object", "properties": {}});
    ToolDefinition { name, description, parameters: parameters.unwrap_or_else(none) }
}

fn tool_choice(choice: Option<&Value>) -> Result<ToolChoice, ApiError> {
    match choice {
        None | Some(Value::Null) => Ok(ToolChoice::Auto),
        Some(Value::String(choice)) => match choice.as_str() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            _ => Err(ApiError::invalid("There is no such choice.", Some("tool_choice"))),
        },
        Some(choice) => match choice["function"]["name"].as_str() {
            Some(name) => Ok(ToolChoice::Tool(name.to_owned())),
            None => Err(ApiError::invalid("There is no such choice.", Some("tool_choice"))),
        },
    }
}

fn response_format(format: Option<Value>) -> Result<Option<ResponseFormat>, ApiError> {
    let Some(mut format) = format else { return Ok(None) };
    match format["type"].as_str() {
        None | Some("text") => Ok(None),
        Some("json_schema") => {
            let name = format["json_schema"]["name"].as_str().unwrap_or("answer").to_owned();
            let schema = format["json_schema"]["schema"].take();
            Ok(Some(ResponseFormat::JsonSchema { name, schema }))
        }
        Some("json_object") => {
            let schema = serde_json::json!({"type": "object"});
            Ok(Some(ResponseFormat::JsonSchema { name: "answer".to_owned(), schema }))
        }
        Some(_) => Err(ApiError::invalid("There is no such format.", Some("response_format"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_json(json: &Value) -> Result<Completion, ApiError> {
        read(json.to_string().as_bytes())
    }

    #[test]
    fn a_question_with_everything() {
        let completion = read_json(&json!({
            "model": "fast", "stream": true, "stream_options": {"include_usage": true},
            "temperature": 0.5, "max_tokens": 9,
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,YQ=="}}]},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "1", "content": "a cat"}],
            "tools": [{"type": "function", "function": {"name": "look"}}],
            "tool_choice": {"type": "function", "function": {"name": "look"}},
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
        }))
        .unwrap();
        assert_eq!((completion.model.as_str(), completion.stream), ("fast", true));
        assert!(completion.include_usage && completion.request.has_images());
        let request = completion.request;
        assert_eq!(request.messages.len(), 4);
        assert_eq!(request.tool_choice, ToolChoice::Tool("look".to_owned()));
        assert_eq!((request.max_tokens, request.temperature), (Some(9), Some(0.5)));
        assert!(request.response_format.is_some() && request.tools[0].parameters.is_object());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |json: Value| read_json(&json).unwrap_err().body()["error"]["param"].clone();
        assert_eq!(wrong(json!({"model": "m", "messages": []})), "messages");
        let with = |message: Value| wrong(json!({"model": "m", "messages": [message]}));
        assert_eq!(with(json!({"role": "robot", "content": "x"})), "messages[0]");
        assert_eq!(with(json!({"role": "tool", "content": "x"})), "messages[0]");
        assert_eq!(with(json!({"role": "user", "content": [{"type": "audio"}]})), "messages[0]");
        let hello = json!([{"role": "user", "content": "x"}]);
        assert_eq!(wrong(json!({"model": "m", "messages": hello, "n": 2})), "n");
        assert_eq!(
            wrong(json!({"model": "m", "messages": hello, "tool_choice": "x"})),
            "tool_choice"
        );
        assert!(read(b"nonsense").is_err());
    }
}
