//! A client from the time of `ai` 4 on the wire: its messages, its stream, and newer clients beside it.

use std::sync::Arc;

use domovoi_agents::{AgentsBuilder, prelude::*};
use domovoi_models::{
    LanguageModel, ModelError,
    testing::{Gate, Script, ScriptedModel},
};
use domovoi_protocol::{
    data_stream::{Code, DataStreamPart},
    tool::ClientTool,
};
use serde_json::{Value, json};

use crate::support::{Client, chat::Chat};

/// Answers with the model a test scripted.
#[derive(Clone)]
struct Helper {
    model: Arc<ScriptedModel>,
}

#[agent]
impl Helper {}

impl AiChatAgent for Helper {
    async fn on_chat_message(&self, cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        let model: Arc<dyn LanguageModel> = self.model.clone();
        let time_zone = ClientTool {
            name: "get_timezone".to_owned(),
            description: None,
            parameters: Some(json!({"type": "object", "properties": {}})),
        };
        let answer = StreamText::new(model).messages(&cx.messages()?);
        Ok(answer.tool(delete_file).client_tools([time_zone]).into_reply())
    }
}

#[derive(Deserialize, JsonSchema)]
struct File {
    path: String,
}

/// Deletes a file, or would.
#[tool(needs_approval)]
async fn delete_file(file: File) -> Result<Value> {
    Ok(json!({"deleted": file.path}))
}

fn serve(builder: AgentsBuilder, model: &Arc<ScriptedModel>) -> AgentsBuilder {
    let helper = Helper { model: Arc::clone(model) };
    builder.chat_agent_with(move || helper.clone())
}

async fn start(scripts: impl IntoIterator<Item = Script>) -> Chat {
    Chat::start(scripts, serve).await
}

fn question(id: &str, text: &str) -> Value {
    json!({"id": id, "createdAt": "2025-04-01T12:00:00.000Z", "role": "user", "content": text,
        "parts": [{"type": "text", "text": text}]})
}

/// A request as the hook sends it.
fn request(id: &str, messages: &[Value]) -> Value {
    let body = json!({"id": "chat", "messages": messages}).to_string();
    json!({"type": "cf_agent_use_chat_request", "id": id, "url": "/api/chat",
        "init": {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": body}})
}

/// The lines of a turn up to its end.
async fn lines(client: &mut Client) -> Vec<(Code, Value)> {
    let mut lines = Vec::new();
    loop {
        let frame = client.next_of("cf_agent_use_chat_response").await;
        for line in frame["body"].as_str().unwrap().lines() {
            let DataStreamPart { code, value } = DataStreamPart::parse(line).unwrap();
            lines.push((code, value));
        }
        if frame["done"] == true {
            return lines;
        }
    }
}

fn text_of(lines: &[(Code, Value)]) -> String {
    let texts = lines.iter().filter(|(code, _)| *code == Code::Text);
    texts.filter_map(|(_, text)| text.as_str()).collect()
}

fn value_of(lines: &[(Code, Value)], code: Code) -> &Value {
    &lines.iter().find(|(other, _)| *other == code).unwrap().1
}

fn contents(messages: &Value) -> Vec<&str> {
    let messages = messages.as_array().unwrap();
    messages.iter().map(|message| message["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_old_client_asks_and_is_answered_as_it_reads() {
    let chat = start([
        Script::new().reasoning("hm").text("Hel").text("lo").stop(),
        Script::new().text("Again").stop(),
    ])
    .await;
    let mut client = chat.open().await;
    let first = question("u1", "hi");
    client.send(request("1", std::slice::from_ref(&first))).await;
    let sent = lines(&mut client).await;
    assert_eq!(text_of(&sent), "Hello");
    assert_eq!(*value_of(&sent, Code::Reasoning), json!("hm"));
    let id = &value_of(&sent, Code::StartStep)["messageId"];
    assert_eq!(sent.last().unwrap().0, Code::FinishMessage);

    let history = chat.history().await;
    assert_eq!(history[0], first);
    assert_eq!((&history[1]["id"], &history[1]["content"]), (id, &json!("Hello")));
    assert_eq!(history[1]["reasoning"], "hm");
    assert!(history[1]["createdAt"].is_string());

    // What it sends back is known.
    let messages = [first, history[1].clone(), question("u2", "and?")];
    client.send(request("2", &messages)).await;
    assert_eq!(text_of(&lines(&mut client).await), "Again");
    let history = chat.history().await;
    assert_eq!(contents(&json!(history)), ["hi", "Hello", "and?", "Again"]);

    // It is still its conversation after a restart.
    let chat = chat.crash().await;
    assert_eq!(chat.history().await, history);
}

#[tokio::test]
async fn an_error_is_told_in_its_format() {
    let error = ModelError::LimitReached("too much".to_owned());
    let chat = start([Script::new().text("half").fail(error)]).await;
    let mut client = chat.open().await;
    client.send(request("1", &[question("u1", "hi")])).await;
    let sent = lines(&mut client).await;
    assert_eq!(text_of(&sent), "half");
    assert_eq!(*value_of(&sent, Code::Error), json!("too much"));
}

#[tokio::test]
async fn a_tool_in_the_client_answers_within_the_next_request() {
    let chat = start([
        Script::new().tool_call("a", "get_timezone", "{}").wait_for_tools(),
        Script::new().text("Done.").stop(),
    ])
    .await;
    let mut client = chat.open().await;
    client.send(request("1", &[question("u1", "when?")])).await;
    let sent = lines(&mut client).await;
    let call = value_of(&sent, Code::ToolCall);
    assert_eq!((&call["toolCallId"], &call["args"]), (&json!("a"), &json!({})));

    let mut messages = chat.history().await;
    let answer = &mut messages[1];
    assert_eq!(answer["toolInvocations"][0]["state"], "call");
    let part = answer["parts"].as_array_mut().unwrap().last_mut().unwrap();
    part["toolInvocation"]["state"] = json!("result");
    part["toolInvocation"]["result"] = json!("Europe/Oslo");
    client.send(request("2", &messages)).await;
    assert_eq!(text_of(&lines(&mut client).await), "Done.");
    let history = chat.history().await;
    assert_eq!(history.len(), 2);
    assert_eq!(history[1]["toolInvocations"][0]["result"], "Europe/Oslo");
    assert_eq!(history[1]["content"], "Done.");
}

#[tokio::test]
async fn a_decision_is_the_result_of_the_call_it_is_about() {
    for (said, result) in [
        ("Yes, confirmed.", json!({"deleted": "a.txt"})),
        ("No, denied.", json!("The call was rejected.")),
    ] {
        let chat = start([
            Script::new().tool_call("a", "delete_file", r#"{"path":"a.txt"}"#).wait_for_tools(),
            Script::new().text("Done.").stop(),
        ])
        .await;
        let mut client = chat.open().await;
        client.send(request("1", &[question("u1", "delete it")])).await;
        lines(&mut client).await;
        let mut messages = chat.history().await;
        let part = messages[1]["parts"].as_array_mut().unwrap().last_mut().unwrap();
        part["toolInvocation"]["state"] = json!("result");
        part["toolInvocation"]["result"] = json!(said);
        client.send(request("2", &messages)).await;
        assert_eq!(text_of(&lines(&mut client).await), "Done.");
        assert_eq!(chat.history().await[1]["toolInvocations"][0]["result"], result);
    }
}

#[tokio::test]
async fn other_connections_are_told_in_the_shape_they_know() {
    let chat = start([Script::new().text("Hello").stop()]).await;
    let (mut asker, mut silent, mut newer) =
        (chat.open().await, chat.open().await, chat.open().await);
    newer.send(json!({"type": "cf_agent_stream_resume_request", "probeId": "p"})).await;
    newer.next_of("cf_agent_stream_resume_none").await;
    asker.send(request("1", &[question("u1", "hi")])).await;
    lines(&mut asker).await;
    let told = silent.next_of("cf_agent_chat_messages").await;
    assert_eq!(contents(&told["messages"]), ["hi"]);
    let told = newer.next_of("cf_agent_chat_messages").await;
    assert_eq!(told["messages"][0]["parts"], json!([{"type": "text", "text": "hi"}]));
    assert_eq!(told["messages"][0].get("content"), None);
    let chunk = newer.next_of("cf_agent_use_chat_response").await;
    let chunk: Value = serde_json::from_str(chunk["body"].as_str().unwrap()).unwrap();
    assert_eq!(chunk["type"], "start");
}

#[tokio::test]
async fn a_client_that_comes_in_mid_answer_hears_of_it_at_the_end() {
    let gate = Gate::new();
    let chat = start([Script::new().text("one ").gate(&gate).text("two").stop()]).await;
    let mut asker = chat.open().await;
    asker.send(request("1", &[question("u1", "hi")])).await;
    gate.reached(1).await;
    drop(asker);
    let mut reloaded = chat.server.connect("helper/x").await;
    let first = reloaded.next().await;
    assert_eq!(first["type"], "cf_agent_identity", "no notice that nobody would answer");
    gate.open();
    let told = reloaded.next_of("cf_agent_chat_messages").await;
    assert_eq!(contents(&told["messages"]), ["hi", "one two"]);
}

#[tokio::test]
async fn the_history_becomes_what_an_old_client_says_it_is() {
    let chat = start([Script::new().text("Hello").stop()]).await;
    let (mut client, mut other) = (chat.open().await, chat.open().await);
    client.send(request("1", &[question("u1", "hi")])).await;
    lines(&mut client).await;
    lines(&mut other).await;
    let set = |messages: Value| json!({"type": "cf_agent_chat_messages", "messages": messages});
    // An application's own message has no parts.
    let note = json!({"id": "n", "role": "assistant", "content": "a note"});
    client.send(set(json!([question("u1", "hi"), note]))).await;
    let told = other.next_of("cf_agent_chat_messages").await;
    assert_eq!(contents(&told["messages"]), ["hi", "a note"]);
    client.send(set(json!([]))).await;
    other.next_of("cf_agent_chat_clear").await;
    assert_eq!(chat.history().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_newer_client_takes_the_conversation_over() {
    let chat = start([Script::new().text("one").stop(), Script::new().text("two").stop()]).await;
    let mut old = chat.open().await;
    old.send(request("1", &[question("u1", "hi")])).await;
    lines(&mut old).await;
    let mut new = chat.open().await;
    let message = json!({"id": "u2", "role": "user", "parts": [{"type": "text", "text": "more"}]});
    let body = json!({"messages": [message], "trigger": "submit-message"}).to_string();
    new.send(json!({"type": "cf_agent_use_chat_request", "id": "2",
        "init": {"method": "POST", "body": body}}))
        .await;
    let chunk = new.next_of("cf_agent_use_chat_response").await;
    let chunk: Value = serde_json::from_str(chunk["body"].as_str().unwrap()).unwrap();
    assert_eq!(chunk["type"], "start");
    while new.next_of("cf_agent_use_chat_response").await["done"] != true {}
    let history = chat.history().await;
    assert_eq!(history.len(), 4);
    assert_eq!(history[0].get("content"), None);
    // The old one is still spoken to as it is.
    assert_eq!(text_of(&lines(&mut old).await), "two");
}
