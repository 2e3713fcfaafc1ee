//! The tool loop: approvals, tools of the client, progress, time limits, panics.

use std::{sync::Arc, time::Duration};

use domovoi_agents::{chat::StreamText, prelude::*};
use domovoi_models::{
    LanguageModel, ModelEvent, ModelMessage,
    testing::{Script, ScriptedModel},
};
use serde_json::{Value, json};

use crate::support::{Client, Server, config};

#[derive(Clone)]
struct Helper {
    model: Arc<ScriptedModel>,
    max_steps: usize,
}

#[agent]
impl Helper {}

impl AiChatAgent for Helper {
    async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        let model: Arc<dyn LanguageModel> = self.model.clone();
        Ok(StreamText::new(model)
            .messages(&cx.messages()?)
            .tool(delete_file)
            .tool(pay)
            .tool(count_up)
            .tool(never)
            .tool(panics)
            .tool(leaves_its_context)
            .tool(waits)
            .client_tools(turn.client_tools)
            .max_steps(self.max_steps)
            .into_reply())
    }
}

#[derive(Deserialize, JsonSchema)]
struct File {
    path: String,
}

/// Deletes a file.
#[tool(needs_approval)]
async fn delete_file(file: File) -> Result<Value> {
    Ok(json!({"deleted": file.path}))
}

#[derive(Deserialize, JsonSchema)]
struct Payment {
    euros: u32,
}

fn is_much(payment: &Payment) -> bool {
    payment.euros > 100
}

/// Pays.
#[tool(needs_approval = is_much)]
async fn pay(payment: Payment) -> Result<u32> {
    Ok(payment.euros)
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

/// Counts to two.
#[tool]
async fn count_up(_nothing: Nothing, cx: ToolContext) -> Result<u32> {
    cx.progress(&0)?;
    tokio::task::yield_now().await;
    cx.progress(&1)?;
    tokio::task::yield_now().await;
    Ok(2)
}

/// Never answers.
#[tool(timeout_seconds = 1)]
async fn never(_nothing: Nothing) -> Result<()> {
    std::future::pending().await
}

/// Panics.
#[tool]
async fn panics(nothing: Nothing) -> Result<()> {
    let Nothing {} = nothing;
    panic!("a test of panics")
}

struct Chat {
    _folder: tempfile::TempDir,
    model: Arc<ScriptedModel>,
    server: Server,
}

impl Chat {
    async fn start(max_steps: usize, scripts: impl IntoIterator<Item = Script>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = Arc::new(ScriptedModel::new(scripts));
        let helper = Helper { model: Arc::clone(&model), max_steps };
        let builder =
            Agents::builder(config(folder.path())).chat_agent_with(move || helper.clone());
        Self { _folder: folder, model, server: Server::start(builder).await }
    }

    async fn open(&self) -> Client {
        let mut client = self.server.connect("helper/x").await;
        client.next_of("cf_agent_identity").await;
        client
    }

    /// The parts of the answer.
    async fn parts(&self) -> Vec<Value> {
        let (_, body) = self.server.get("helper/x/get-messages").await;
        let messages: Value = serde_json::from_str(&body).unwrap();
        messages[1]["parts"].as_array().unwrap().clone()
    }

    /// What the model was told of its calls in its last request.
    fn told(&self) -> Vec<String> {
        let requests = self.model.requests();
        let messages = &requests.last().unwrap().messages;
        let tool = |message: &ModelMessage| match message {
            ModelMessage::Tool { content, .. } => Some(content.clone()),
            _ => None,
        };
        messages.iter().filter_map(tool).collect()
    }
}

fn ask() -> Value {
    let message = json!({"id": "q", "role": "user", "parts": [{"type": "text", "text": "go on"}]});
    let tools = json!([{"name": "getTimezone"}]);
    let body = json!({"messages": [message], "trigger": "submit-message", "clientTools": tools});
    json!({"type": "cf_agent_use_chat_request", "id": "1",
           "init": {"method": "POST", "body": body.to_string()}})
}

fn decide(call: &str, approved: bool) -> Value {
    json!({"type": "cf_agent_tool_approval", "toolCallId": call, "approved": approved,
           "reason": "not that one", "autoContinue": true})
}

/// Chunks up to the end of the turn.
async fn chunks(client: &mut Client) -> Vec<Value> {
    let mut chunks = Vec::new();
    loop {
        let frame = client.next_of("cf_agent_use_chat_response").await;
        if frame["done"] == true {
            return chunks;
        }
        if let Ok(chunk) = serde_json::from_str(frame["body"].as_str().unwrap()) {
            chunks.push(chunk);
        }
    }
}

fn kinds(chunks: &[Value]) -> Vec<&str> {
    chunks.iter().map(|chunk| chunk["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_person_decides_and_what_was_approved_runs_then() {
    let chat = Chat::start(
        8,
        [
            Script::new()
                .tool_call("a", "delete_file", r#"{"path":"a.txt"}"#)
                .tool_call("b", "delete_file", r#"{"path":"b.txt"}"#)
                .tool_call("c", "pay", r#"{"euros":5}"#)
                .tool_call("d", "pay", r#"{"euros":500}"#)
                .tool_call("e", "delete_file", r#"{"path":5}"#)
                .wait_for_tools(),
            Script::new().text("Done.").stop(),
        ],
    )
    .await;
    let mut client = chat.open().await;
    client.send(ask()).await;
    let sent = chunks(&mut client).await;
    let asked: Vec<_> =
        sent.iter().filter(|chunk| chunk["type"] == "tool-approval-request").collect();
    let calls: Vec<_> = asked.iter().map(|chunk| chunk["toolCallId"].as_str().unwrap()).collect();
    assert_eq!(calls, ["a", "b", "d"], "a small sum and wrong arguments are nobody's to decide");
    assert_eq!(sent.last().unwrap()["messageMetadata"]["finishReason"], "tool-calls");
    assert_eq!(chat.model.requests().len(), 1);
    let states: Vec<_> = chat.parts().await.iter().map(|part| part["state"].clone()).collect();
    let expected = [
        Value::Null,
        "approval-requested".into(),
        "approval-requested".into(),
        "output-available".into(),
        "approval-requested".into(),
        "output-error".into(),
    ];
    assert_eq!(states, expected);

    client.send(decide("a", false)).await;
    let mut edited = decide("b", true);
    edited["input"] = json!({"path": "c.txt"});
    client.send(edited).await;
    client.send(decide("d", true)).await;
    let notice = client.next_of("cf_agent_stream_resuming").await;
    client.send(json!({"type": "cf_agent_stream_resume_ack", "id": notice["id"]})).await;
    while client.next_of("cf_agent_use_chat_response").await["done"] != true {}
    let told = chat.told();
    assert_eq!(told[0], "The person rejected this call: not that one");
    assert_eq!(told[1], r#"{"deleted":"c.txt"}"#, "with the arguments as the person wrote them");
    assert_eq!(told[2..4], ["5", "500"]);
    assert!(told[4].starts_with("Error: path: invalid type"), "{}", told[4]);
    let parts = chat.parts().await;
    assert_eq!(parts[1]["state"], "output-denied");
    assert_eq!(parts[2]["output"], json!({"deleted": "c.txt"}));
    assert_eq!(parts.last().unwrap()["text"], "Done.");
}

#[tokio::test]
async fn the_client_runs_its_own_tools() {
    let chat = Chat::start(
        8,
        [
            Script::new().tool_call("a", "getTimezone", "{}").wait_for_tools(),
            Script::new().text("Oslo time.").stop(),
        ],
    )
    .await;
    let mut client = chat.open().await;
    client.send(ask()).await;
    chunks(&mut client).await;
    assert!(chat.model.requests()[0].tools.iter().any(|tool| tool.name == "getTimezone"));
    client
        .send(json!({"type": "cf_agent_tool_result", "toolCallId": "a", "toolName": "getTimezone",
                     "output": "Europe/Oslo", "autoContinue": true}))
        .await;
    client.next_of("cf_agent_stream_resuming").await;
    chunks(&mut client).await;
    assert_eq!(chat.told(), ["Europe/Oslo"]);
    assert_eq!(chat.parts().await.last().unwrap()["text"], "Oslo time.");
}

#[tokio::test]
async fn tools_show_progress_and_fail_alone() {
    let chat = Chat::start(
        8,
        [
            Script::new()
                .tool_call("a", "count_up", "{}")
                .tool_call("b", "never", "{}")
                .tool_call("c", "panics", "{}")
                .wait_for_tools(),
            Script::new().text("Well.").stop(),
        ],
    )
    .await;
    let mut client = chat.open().await;
    client.send(ask()).await;
    let sent = chunks(&mut client).await;
    let counted: Vec<_> = sent
        .iter()
        .filter(|chunk| chunk["toolCallId"] == "a" && chunk["type"] == "tool-output-available")
        .map(|chunk| (chunk["output"].as_u64().unwrap(), chunk["preliminary"] == true))
        .collect();
    assert_eq!(counted, [(0, true), (1, true), (2, false)]);
    let told = chat.told();
    assert_eq!(told[0], "2", "the model sees the answer alone");
    assert!(told[1].contains("did not answer within 1 seconds"), "{}", told[1]);
    assert_eq!(told[2], "Error: The tool failed unexpectedly.");
    assert_eq!(kinds(&sent).last(), Some(&"finish"));
}

#[tokio::test]
async fn a_model_that_calls_for_ever_is_ended() {
    let again = || Script::new().tool_call("a", "pay", r#"{"euros":1}"#).wait_for_tools();
    let chat = Chat::start(2, [again(), again(), again()]).await;
    let mut client = chat.open().await;
    client.send(ask()).await;
    let sent = tokio::time::timeout(Duration::from_secs(30), chunks(&mut client)).await.unwrap();
    assert_eq!(chat.model.requests().len(), 2);
    assert_eq!(sent.last().unwrap()["messageMetadata"]["stoppedAt"], "max-steps");
}

/// Answers, and leaves its context with somebody who keeps it.
#[tool]
async fn leaves_its_context(_nothing: Nothing, cx: ToolContext) -> Result<u32> {
    std::mem::forget(cx);
    Ok(1)
}

#[tokio::test]
async fn a_context_that_is_kept_does_not_keep_the_turn() {
    let chat = Chat::start(
        8,
        [
            Script::new().tool_call("a", "leaves_its_context", "{}").wait_for_tools(),
            Script::new().text("Over.").stop(),
        ],
    )
    .await;
    let mut client = chat.open().await;
    client.send(ask()).await;
    chunks(&mut client).await;
    assert_eq!(chat.told(), ["1"]);
}

#[tokio::test]
async fn a_client_does_not_replace_a_tool_of_the_agent() {
    let chat =
        Chat::start(8, [Script::new().tool_call("a", "pay", r#"{"euros":500}"#).wait_for_tools()])
            .await;
    let mut client = chat.open().await;
    let mut request = ask();
    let body = request["init"]["body"].as_str().unwrap().replace("getTimezone", "pay");
    request["init"]["body"] = body.into();
    client.send(request).await;
    let sent = chunks(&mut client).await;
    assert!(kinds(&sent).contains(&"tool-approval-request"), "{sent:?}");
    let offered = &chat.model.requests()[0].tools;
    assert_eq!(offered.iter().filter(|tool| tool.name == "pay").count(), 1);
}

#[tokio::test]
async fn a_call_that_was_stopped_is_nobodys_to_answer() {
    let chat = Chat::start(8, [Script::new().tool_call("a", "waits", "{}").wait_for_tools()]).await;
    let mut client = chat.open().await;
    client.send(ask()).await;
    while client.next_of("cf_agent_use_chat_response").await["body"]
        .as_str()
        .is_some_and(|body| !body.contains("tool-input-available"))
    {}
    client.send(json!({"type": "cf_agent_chat_request_cancel", "id": "1"})).await;
    chunks(&mut client).await;
    let part = &chat.parts().await[1];
    assert_eq!(part["state"], "output-error");
    client
        .send(json!({"type": "cf_agent_tool_result", "toolCallId": "a", "toolName": "waits",
                     "output": "forged", "autoContinue": true}))
        .await;
    client.next_of("domovoi_error").await;
    assert!(!chat.parts().await[1].to_string().contains("forged"));
}

/// Waits until it is stopped.
#[tool]
async fn waits(_nothing: Nothing) -> Result<()> {
    std::future::pending().await
}

#[tokio::test]
async fn pages_that_a_model_names_are_sources_of_the_answer() {
    let page = |url: &str| ModelEvent::Source { url: url.to_owned(), title: None };
    let script = Script::new()
        .text("So [1]")
        .event(page("https://a.example"))
        .text(" and [2].")
        .event(page("https://b.example"))
        .stop();
    let chat = Chat::start(8, [script]).await;
    let mut client = chat.open().await;
    client.send(ask()).await;
    chunks(&mut client).await;
    let parts = chat.parts().await;
    let of = |kind: &str| parts.iter().filter(|part| part["type"] == kind).collect::<Vec<_>>();
    assert_eq!(
        of("text").iter().map(|part| &part["text"]).collect::<Vec<_>>(),
        ["So [1] and [2]."]
    );
    let sources = of("source-url");
    let sources: Vec<_> = sources.iter().map(|part| (&part["sourceId"], &part["url"])).collect();
    assert_eq!(
        sources,
        [(&json!("1"), &json!("https://a.example")), (&json!("2"), &json!("https://b.example"))]
    );
}
