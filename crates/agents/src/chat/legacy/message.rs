//! Messages as `ai` 4 has them, and as we have them.

use domovoi_protocol::{
    Part, Role, UiMessage,
    message::{ToolPart, ToolState},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Where a message of ours says that it came from such a client.
const MARK: &str = "aiSdk";

/// The version the mark names.
const VERSION: u64 = 4;

/// Fields of an old message that have no place among our parts; they are kept as metadata.
const KEPT: [&str; 3] = ["createdAt", "annotations", "data"];

/// What stands for the result of a call that a person rejected.
pub(super) const DENIED: &str = "The call was rejected.";

/// Whether messages have the old shape: each has its text in `content`, which no newer one has.
pub(super) fn are_old(messages: &[Value]) -> bool {
    messages.iter().any(|message| message["content"].is_string())
}

/// Whether a message came from an old client.
pub(super) fn is_marked(message: &UiMessage) -> bool {
    message.metadata.as_ref().is_some_and(|metadata| metadata[MARK] == VERSION)
}

/// Reads an old message; nothing where it is none, or of a role that only its client knows.
pub(super) fn read(message: &Value) -> Option<UiMessage> {
    let role = match message["role"].as_str()? {
        "system" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => return None,
    };
    let mut metadata = Map::from_iter([(MARK.to_owned(), VERSION.into())]);
    for field in KEPT {
        if let Some(value) = message.get(field).filter(|value| !value.is_null()) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let mut parts: Vec<Part> = match message["parts"].as_array() {
        Some(parts) => parts.iter().filter_map(read_part).collect(),
        None => read_fields(message),
    };
    parts.extend(each(&message["experimental_attachments"]).filter_map(|attachment| {
        Some(Part::File {
            media_type: text(attachment, "contentType").unwrap_or_default(),
            url: text(attachment, "url")?,
            filename: text(attachment, "name"),
        })
    }));
    let id = text(message, "id").unwrap_or_else(|| Uuid::now_v7().to_string());
    let metadata = Some(Value::Object(metadata));
    let mut message = UiMessage { id, role, metadata, parts };
    message.name_tools();
    Some(message)
}

/// The parts of a message that has none: it is older than parts, or an application made it.
fn read_fields(message: &Value) -> Vec<Part> {
    let calls = each(&message["toolInvocations"]).filter_map(read_call);
    let reasoning = text(message, "reasoning").filter(|text| !text.is_empty());
    let content = text(message, "content").filter(|text| !text.is_empty());
    calls.chain(reasoning.map(reasoning_part)).chain(content.map(Part::text)).collect()
}

fn read_part(part: &Value) -> Option<Part> {
    match part["type"].as_str()? {
        "text" => text(part, "text").map(Part::text),
        "reasoning" => text(part, "reasoning").map(reasoning_part),
        "tool-invocation" => read_call(&part["toolInvocation"]),
        "source" => {
            let source = &part["source"];
            Some(Part::SourceUrl {
                source_id: text(source, "id")?,
                url: text(source, "url")?,
                title: text(source, "title"),
            })
        }
        "file" => {
            let media_type = text(part, "mimeType")?;
            let data = text(part, "data")?;
            let url =
                if data.contains(':') { data } else { format!("data:{media_type};base64,{data}") };
            Some(Part::File { media_type, url, filename: None })
        }
        "step-start" => Some(Part::StepStart),
        _ => None,
    }
}

fn read_call(call: &Value) -> Option<Part> {
    let state = match call["state"].as_str()? {
        "partial-call" => ToolState::InputStreaming,
        "call" => ToolState::InputAvailable,
        "result" => ToolState::OutputAvailable,
        _ => return None,
    };
    let (id, name) = (call["toolCallId"].as_str()?, call["toolName"].as_str()?);
    let mut part = ToolPart::new(id, name, false, state);
    part.input = call.get("args").cloned();
    part.output = call.get("result").cloned();
    Some(Part::Tool(part))
}

fn reasoning_part(text: String) -> Part {
    Part::Reasoning { text, state: None, provider_metadata: None }
}

/// A message as an old client reads it.
pub(super) fn write(message: &UiMessage) -> Value {
    let mut parts = Vec::new();
    let mut calls = Vec::new();
    let mut attachments = Vec::new();
    let mut reasoning = String::new();
    let mut step = 0_u64;
    let mut steps_begun = 0_u64;
    for part in &message.parts {
        match part {
            Part::Text { text, .. } => parts.push(json!({"type": "text", "text": text})),
            Part::Reasoning { text, .. } => {
                reasoning.push_str(text);
                parts.push(json!({"type": "reasoning", "reasoning": text,
                    "details": [{"type": "text", "text": text}]}));
            }
            Part::File { media_type, url, filename } if message.role == Role::User => {
                let mut attachment = json!({"contentType": media_type, "url": url});
                if let Some(name) = filename {
                    attachment["name"] = name.as_str().into();
                }
                attachments.push(attachment);
            }
            Part::File { media_type, url, .. } => {
                parts.push(json!({"type": "file", "mimeType": media_type, "data": data(url)}));
            }
            Part::SourceUrl { source_id, url, title } => parts.push(json!({
                "type": "source", "source": source(source_id, url, title.as_deref())})),
            Part::StepStart => {
                step = steps_begun;
                steps_begun += 1;
                parts.push(json!({"type": "step-start"}));
            }
            Part::Tool(tool) => {
                let call = write_call(tool, step);
                parts.push(json!({"type": "tool-invocation", "toolInvocation": call}));
                calls.push(call);
            }
            _ => {}
        }
    }
    let mut old = Map::new();
    old.insert("id".to_owned(), message.id.as_str().into());
    if let Some(created) = created_at(&message.id) {
        old.insert("createdAt".to_owned(), created.into());
    }
    for field in KEPT {
        if let Some(value) = message.metadata.as_ref().and_then(|metadata| metadata.get(field)) {
            old.insert(field.to_owned(), value.clone());
        }
    }
    old.insert("role".to_owned(), json!(message.role));
    old.insert("content".to_owned(), message.text().into());
    old.insert("parts".to_owned(), parts.into());
    if !reasoning.is_empty() {
        old.insert("reasoning".to_owned(), reasoning.into());
    }
    if !calls.is_empty() {
        old.insert("toolInvocations".to_owned(), calls.into());
    }
    if !attachments.is_empty() {
        old.insert("experimental_attachments".to_owned(), attachments.into());
    }
    Value::Object(old)
}

fn write_call(tool: &ToolPart, step: u64) -> Value {
    let call = |state: &str| {
        json!({"state": state, "step": step, "toolCallId": tool.tool_call_id,
            "toolName": tool.name(), "args": tool.input})
    };
    let result = |result: Value| {
        let mut call = call("result");
        call["result"] = result;
        call
    };
    match tool.state {
        ToolState::InputStreaming => call("partial-call"),
        ToolState::InputAvailable | ToolState::ApprovalRequested | ToolState::ApprovalResponded => {
            call("call")
        }
        ToolState::OutputAvailable if tool.is_preliminary() => call("call"),
        ToolState::OutputAvailable => result(tool.output.clone().unwrap_or_default()),
        ToolState::OutputError => result(error(tool.error_text.as_deref().unwrap_or_default())),
        ToolState::OutputDenied => result(DENIED.into()),
    }
}

/// A tool's error as a result: old clients know no other end of a call.
pub(super) fn error(text: &str) -> Value {
    format!("Error: {text}").into()
}

/// A web page the answer rests on.
pub(super) fn source(id: &str, url: &str, title: Option<&str>) -> Value {
    let mut source = json!({"sourceType": "url", "id": id, "url": url});
    // It knows a title or none, and would show a null.
    if let Some(title) = title {
        source["title"] = title.into();
    }
    source
}

/// What an old client takes as a file: base64, where the address holds it.
pub(super) fn data(url: &str) -> &str {
    url.split_once(";base64,").filter(|_| url.starts_with("data:")).map_or(url, |(_, data)| data)
}

/// When the message was made, where its id tells.
fn created_at(id: &str) -> Option<String> {
    let (seconds, nanoseconds) = Uuid::try_parse(id).ok()?.get_timestamp()?.to_unix();
    let (seconds, nanoseconds) = (i64::try_from(seconds).ok()?, i32::try_from(nanoseconds).ok()?);
    Some(jiff::Timestamp::new(seconds, nanoseconds).ok()?.to_string())
}

fn text(value: &Value, field: &str) -> Option<String> {
    value[field].as_str().map(str::to_owned)
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    fn tool(state: ToolState) -> ToolPart {
        let mut tool = ToolPart::new("c", "getWeather", false, state);
        tool.tool_name = Some("getWeather".to_owned());
        tool.input = Some(json!({"city": "Oslo"}));
        tool
    }

    fn answer(parts: Vec<Part>) -> UiMessage {
        UiMessage { id: "a".to_owned(), role: Role::Assistant, metadata: None, parts }
    }

    #[test]
    fn old_messages_are_known_by_their_text() {
        let old = json!({"id": "u", "role": "user", "content": "", "parts": []});
        let new =
            json!({"id": "u", "role": "user", "parts": [{"type": "text", "text": "content"}]});
        assert!(are_old(&[old]));
        assert!(!are_old(&[new]));
        assert!(!are_old(&[]));
    }

    #[test]
    fn a_question_comes_back_as_it_was_sent() {
        let sent = json!({"id": "u", "createdAt": "2026-01-01T00:00:00Z", "role": "user",
            "content": "hi", "parts": [{"type": "text", "text": "hi"}],
            "experimental_attachments": [
                {"name": "a.png", "contentType": "image/png", "url": "data:image/png;base64,AA=="}]});
        let read = read(&sent).unwrap();
        assert!(is_marked(&read));
        assert!(
            matches!(&read.parts[1], Part::File { filename: Some(name), .. } if name == "a.png")
        );
        assert_eq!(write(&read), sent);
    }

    #[test]
    fn a_message_without_parts_has_its_fields_as_parts() {
        let sent = json!({"id": "a", "role": "assistant", "content": "4 degrees", "reasoning": "look",
            "toolInvocations": [{"state": "result", "step": 0, "toolCallId": "c",
                "toolName": "getWeather", "args": {"city": "Oslo"}, "result": 4}]});
        let mut called = tool(ToolState::OutputAvailable);
        called.output = Some(json!(4));
        let parts =
            vec![Part::Tool(called), reasoning_part("look".to_owned()), Part::text("4 degrees")];
        assert_eq!(read(&sent).unwrap().parts, parts);
    }

    #[test]
    fn an_answer_reads_the_same_there_and_back() {
        let mut done = tool(ToolState::OutputAvailable);
        done.output = Some(json!(4));
        let url = "data:image/png;base64,AA==".to_owned();
        let parts = vec![
            Part::StepStart,
            reasoning_part("look".to_owned()),
            Part::Tool(done),
            Part::StepStart,
            Part::text("4 degrees"),
            Part::File { media_type: "image/png".to_owned(), url, filename: None },
            Part::SourceUrl {
                source_id: "s".to_owned(),
                url: "https://example.org".to_owned(),
                title: None,
            },
        ];
        let written = write(&answer(parts.clone()));
        assert_eq!(written["content"], "4 degrees");
        assert_eq!(written["reasoning"], "look");
        assert_eq!(written["toolInvocations"][0]["state"], "result");
        assert_eq!(written["toolInvocations"][0]["result"], 4);
        let source = &written["parts"][6]["source"];
        assert_eq!(*source, json!({"sourceType": "url", "id": "s", "url": "https://example.org"}));
        assert_eq!(read(&written).unwrap().parts, parts);
    }

    #[test]
    fn a_call_that_waits_is_a_call_and_one_that_has_ended_has_a_result() {
        let state = |part: ToolPart| {
            let written = write(&answer(vec![Part::Tool(part)]));
            let call = &written["toolInvocations"][0];
            (call["state"].as_str().unwrap().to_owned(), call["result"].clone())
        };
        for waiting in [ToolState::InputAvailable, ToolState::ApprovalRequested] {
            assert_eq!(state(tool(waiting)), ("call".to_owned(), Value::Null));
        }
        let mut failed = tool(ToolState::OutputError);
        failed.error_text = Some("it rains".to_owned());
        assert_eq!(state(failed), ("result".to_owned(), json!("Error: it rains")));
        assert_eq!(state(tool(ToolState::OutputDenied)), ("result".to_owned(), json!(DENIED)));
        assert_eq!(state(tool(ToolState::InputStreaming)).0, "partial-call");
    }

    #[test]
    fn what_only_its_client_knows_is_no_message() {
        assert_eq!(read(&json!({"id": "d", "role": "data", "content": ""})), None);
        assert_eq!(read(&json!("text")), None);
    }
}
