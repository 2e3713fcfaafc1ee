//! A question as OpenAI's API has it, and as a model reads it.

use domovoi_models::{
    ModelMessage, ModelRequest, ResponseFormat, ToolCall, ToolChoice, ToolDefinition, UserContent,
    UserPart,
};
use serde::Deserialize;
use serde_json::Value;

use super::{ApiError, fields::Fields};

/// Most texts that may end an answer.
const MAX_STOPS: usize = 4;

/// The header that names the conversation to answer in; it goes before the field `user`.
pub(super) const CONVERSATION: &str = "x-domovoi-conversation";

/// A question, understood.
#[derive(Debug)]
pub(super) struct Completion {
    pub(super) model: String,
    pub(super) request: ModelRequest,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    /// Texts that end the answer.
    pub(super) stops: Vec<String>,
    /// Who asks, in the words of the program.
    pub(super) user: Option<String>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
    tool_calls: Option<Vec<Call>>,
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
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct Tool {
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    description: Option<String>,
    parameters: Option<Value>,
}

/// Reads a question.
pub(super) fn read(body: &[u8]) -> Result<Completion, ApiError> {
    let mut fields = Fields::read(body)?;
    let model = fields.required("model")?;
    if fields.optional::<u32>("n")?.is_some_and(|n| n != 1) {
        return Err(ApiError::invalid("There is one answer to a question: `n` is 1.", Some("n")));
    }
    let messages: Vec<Value> = fields.required("messages")?;
    if messages.is_empty() {
        return Err(ApiError::invalid("There are no messages.", Some("messages")));
    }
    let messages = messages.into_iter().enumerate().map(|(at, message)| {
        serde_json::from_value::<Message>(message)
            .map_err(|error| format!("This message cannot be read: {error}."))
            .and_then(read_message)
            .map_err(|what| ApiError::invalid(what, Some(&format!("messages[{at}]"))))
    });
    let mut request = ModelRequest::new(messages.collect::<Result<_, _>>()?);
    let tools: Vec<Tool> = fields.optional("tools")?.unwrap_or_default();
    request.tools = tools.into_iter().map(definition).collect();
    request.tool_choice = tool_choice(fields.optional::<Value>("tool_choice")?.as_ref())?;
    let format = fields.optional::<Value>("response_format")?;
    request.response_format = response_format(format.as_ref())?;
    request.temperature = fields.optional::<f32>("temperature")?;
    if request.temperature.is_some_and(|it| !(0.0..=2.0).contains(&it)) {
        return Err(ApiError::invalid("`temperature` is from 0 to 2.", Some("temperature")));
    }
    let older = fields.optional::<u32>("max_tokens")?;
    request.max_tokens = fields.optional::<u32>("max_completion_tokens")?.or(older);
    let stops = stops(fields.optional::<Value>("stop")?)?;
    let user = fields.optional::<String>("user")?.filter(|user| !user.is_empty());
    let stream = fields.optional::<bool>("stream")?.unwrap_or_default();
    let options = fields.optional::<StreamOptions>("stream_options")?;
    let include_usage = options.and_then(|options| options.include_usage).unwrap_or_default();
    Ok(Completion { model, request, stream, include_usage, stops, user })
}

fn stops(stop: Option<Value>) -> Result<Vec<String>, ApiError> {
    let stops = match stop {
        None => Vec::new(),
        Some(Value::String(stop)) => vec![stop],
        Some(stops) => serde_json::from_value(stops)
            .map_err(|_| ApiError::invalid("`stop` is a text or a list of texts.", Some("stop")))?,
    };
    if stops.len() > MAX_STOPS || stops.iter().any(String::is_empty) {
        let message = format!("`stop` has at most {MAX_STOPS} texts, none of them empty.");
        return Err(ApiError::invalid(message, Some("stop")));
    }
    Ok(stops)
}

fn read_message(message: Message) -> Result<ModelMessage, String> {
    let Message { role, content, tool_calls, tool_call_id } = message;
    Ok(match role.as_str() {
        "system" | "developer" => ModelMessage::System { content: text_of(&content)? },
        "user" => ModelMessage::User { content: user_content(&content)? },
        "assistant" => {
            let tool_calls =
                tool_calls.into_iter().flatten().map(|Call { id, function }| ToolCall {
                    id,
                    name: function.name,
                    arguments: function.arguments.unwrap_or_default(),
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
    ToolDefinition {
        name,
        description: description.unwrap_or_default(),
        parameters: parameters.unwrap_or_else(none),
    }
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

fn response_format(format: Option<&Value>) -> Result<Option<ResponseFormat>, ApiError> {
    let Some(format) = format else { return Ok(None) };
    let invalid = |what: &str| ApiError::invalid(what, Some("response_format"));
    match format["type"].as_str() {
        Some("text") => Ok(None),
        Some("json_schema") => {
            let wanted = &format["json_schema"];
            let schema = wanted["schema"].clone();
            if !schema.is_object() {
                return Err(invalid("`json_schema.schema` is a JSON Schema, an object."));
            }
            let name = wanted["name"].as_str().unwrap_or("answer").to_owned();
            Ok(Some(ResponseFormat::JsonSchema { name, schema }))
        }
        Some("json_object") => {
            let schema = serde_json::json!({"type": "object"});
            Ok(Some(ResponseFormat::JsonSchema { name: "answer".to_owned(), schema }))
        }
        _ => Err(invalid("There is no such format.")),
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
            "temperature": 0.5, "max_tokens": 9, "stop": "END", "user": "talk",
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
        assert_eq!(completion.stops, ["END"]);
        assert_eq!(completion.user.as_deref(), Some("talk"));
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
        assert_eq!(wrong(json!({"messages": hello})), "model");
        assert_eq!(wrong(json!({"model": "m"})), "messages");
        for (field, value) in [
            ("temperature", json!("warm")),
            ("temperature", json!(3)),
            ("max_tokens", json!(-1)),
            ("stream", json!("yes")),
            ("stop", json!(1)),
            ("stop", json!(["a", ""])),
            ("stop", json!(["a", "b", "c", "d", "e"])),
            ("tools", json!([{"type": "function"}])),
            ("response_format", json!("json")),
            ("response_format", json!({"type": "json_schema", "json_schema": "x"})),
            ("response_format", json!({"type": "json_schema", "json_schema": {"name": "x"}})),
        ] {
            let mut question = json!({"model": "m", "messages": hello});
            question[field] = value;
            assert_eq!(wrong(question), field);
        }
        assert_eq!(with(json!("x")), "messages[0]");
    }

    #[test]
    fn a_field_that_is_null_is_one_that_is_not_there() {
        let completion = read_json(&json!({
            "model": "m", "n": null, "stream": null, "stream_options": null, "tools": null,
            "tool_choice": null, "response_format": null, "temperature": null, "max_tokens": null,
            "max_completion_tokens": null, "stop": null, "user": null,
            "messages": [
                {"role": "user", "content": "x", "tool_calls": null, "tool_call_id": null},
                {"role": "assistant", "content": "y", "tool_calls": null, "function_call": null}],
        }))
        .unwrap();
        assert!(!completion.stream && !completion.include_usage);
        let mut plain = ModelRequest::from("x");
        let answer = ModelMessage::Assistant { content: "y".to_owned(), tool_calls: Vec::new() };
        plain.messages.push(answer);
        assert_eq!(completion.request, plain);
        let tools = json!([{"function": {"name": "f", "description": null, "parameters": null}}]);
        let hello = json!([{"role": "user", "content": "x"}]);
        let asked = read_json(&json!({"model": "m", "messages": hello, "tools": tools})).unwrap();
        assert!(asked.request.tools[0].parameters.is_object());
    }
}
