//! Turns that wait for a client or a person, and go on.

use domovoi_agents::{chat::FinishedTurn, prelude::*};
use domovoi_protocol::{Chunk, Part, message::ToolState};
use futures::stream;
use serde_json::{Value, json};

use crate::support::{Client, Server, config};

/// Calls the tools its question names, `client` or `approval`, and once they are answered says how.
#[derive(Default)]
struct Caller;

#[agent]
impl Caller {}

impl AiChatAgent for Caller {
    async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        let messages = cx.messages()?;
        let last = messages.last().unwrap();
        let mut chunks = vec![Chunk::StartStep];
        if turn.continuation {
            let states: Vec<ToolState> = last
                .parts
                .iter()
                .filter_map(|part| match part {
                    Part::Tool(tool) => Some(tool.state),
                    _ => None,
                })
                .collect();
            let names: Vec<_> = turn.client_tools.iter().map(|tool| &*tool.name).collect();
            let text = format!("{}, tools {names:?}", serde_json::to_string(&states)?);
            chunks.extend([Chunk::text_start("t"), Chunk::text_delta("t", text)]);
        } else {
            for (index, word) in last.text().split(' ').enumerate() {
                let tool_call_id = format!("{}-{index}", turn.request_id);
                chunks.push(Chunk::ToolInputAvailable {
                    tool_call_id: tool_call_id.clone(),
                    tool_name: word.to_owned(),
                    input: json!({"path": "a.txt"}),
                    dynamic: None,
                    title: None,
                });
                if word == "approval" {
                    let approval_id = format!("ask-{index}");
                    chunks.push(Chunk::ToolApprovalRequest { approval_id, tool_call_id });
                }
            }
        }
        Ok(ChatReply::from_chunks(stream::iter(chunks.into_iter().map(Ok))))
    }

    async fn on_finish(&self, cx: &Context<Self>, finished: &FinishedTurn) -> Result<()> {
        cx.broadcast(json!({"finished": finished.request_id}).to_string());
        Ok(())
    }
}

async fn serve(folder: &std::path::Path) -> Server {
    Server::start(Agents::builder(config(folder)).chat_agent::<Caller>()).await
}

async fn open(server: &Server) -> Client {
    let mut client = server.connect("caller/x").await;
    client.next_of("cf_agent_identity").await;
    client
}

fn ask(id: &str, text: &str) -> Value {
    let message =
        json!({"id": format!("q-{id}"), "role": "user", "parts": [{"type": "text", "text": text}]});
    let tools = json!([{"name": "getTimezone", "description": "the time zone"}]);
    let body = json!({"messages": [message], "trigger": "submit-message", "clientTools": tools});
    json!({"type": "cf_agent_use_chat_request", "id": id,
           "init": {"method": "POST", "body": body.to_string()}})
}

fn result(call: &str, output: Value) -> Value {
    json!({"type": "cf_agent_tool_result", "toolCallId": call, "toolName": "client",
           "output": output, "autoContinue": true})
}

fn decide(call: &str, approved: bool) -> Value {
    json!({"type": "cf_agent_tool_approval", "toolCallId": call, "approved": approved,
           "autoContinue": true})
}

async fn until_done(client: &mut Client) -> Value {
    loop {
        let frame = client.next_of("cf_agent_use_chat_response").await;
        if frame["done"] == true {
            return frame;
        }
    }
}

async fn history(server: &Server) -> Vec<Value> {
    let (status, body) = server.get("caller/x/get-messages").await;
    assert_eq!(status, 200);
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn a_clients_result_is_kept_told_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path()).await;
    let (mut asker, mut other) = (open(&server).await, open(&server).await);
    asker.send(ask("1", "client")).await;
    until_done(&mut asker).await;
    until_done(&mut other).await;
    let waiting = history(&server).await;
    assert_eq!(waiting[1]["parts"][1]["state"], "input-available");
    assert_eq!(waiting[1]["parts"][1]["toolName"], "client");

    asker.send(result("1-0", json!({"zone": "Europe/Oslo"}))).await;
    asker.send(json!({"type": "cf_agent_stream_resume_request", "probeId": "p"})).await;
    let updated = asker.next_of("cf_agent_message_updated").await;
    let part = &updated["message"]["parts"][1];
    assert_eq!((&part["state"], &part["preliminary"]), (&json!("output-available"), &json!(false)));
    let notice = asker.next_of("cf_agent_stream_resuming").await;
    let id = notice["id"].as_str().unwrap().to_owned();

    // The others get the continuation as it comes, and it says what it is.
    other.next_of("cf_agent_message_updated").await;
    let first = other.next_of("cf_agent_use_chat_response").await;
    assert_eq!((&first["continuation"], &first["id"]), (&json!(true), &json!(id)));
    assert_eq!(first["body"], r#"{"type":"start"}"#);
    until_done(&mut other).await;

    // Who asked acknowledges after the end, and misses nothing.
    let done = until_done(&mut asker).await;
    assert_eq!(done["continuation"], true);
    asker.send(json!({"type": "cf_agent_stream_resume_ack", "id": id})).await;
    let mut text = String::new();
    loop {
        let frame = asker.next_of("cf_agent_use_chat_response").await;
        assert_eq!((&frame["replay"], &frame["continuation"]), (&json!(true), &json!(true)));
        if frame["done"] == true {
            break;
        }
        let chunk: Value = serde_json::from_str(frame["body"].as_str().unwrap()).unwrap();
        text.push_str(chunk["delta"].as_str().unwrap_or_default());
    }
    assert_eq!(text, r#"["output-available"], tools ["getTimezone"]"#);
    let after = history(&server).await;
    assert_eq!(after.len(), 2, "one answer, gone on with");
    assert_eq!(after[1]["id"], waiting[1]["id"]);
    assert!(after[1].to_string().contains("Europe/Oslo"));

    // The first answer stands.
    asker.send(result("1-0", json!("another"))).await;
    let refused = asker.next_of("domovoi_error").await;
    assert!(refused["error"].as_str().unwrap().contains("already"), "{refused}");
    asker.send(result("nonsense", json!(1))).await;
    let refused = asker.next_of("domovoi_error").await;
    assert!(refused["error"].as_str().unwrap().contains("no tool call"), "{refused}");
    assert_eq!(history(&server).await, after);
}

#[tokio::test]
async fn a_decision_may_come_after_a_restart_and_all_must_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path()).await;
    let mut client = open(&server).await;
    client.send(ask("1", "approval approval client")).await;
    until_done(&mut client).await;
    let waiting = history(&server).await;
    assert_eq!(waiting[1]["parts"][1]["state"], "approval-requested");
    drop(client);
    server.agents.shutdown(std::time::Duration::from_secs(5)).await;

    let server = serve(folder.path()).await;
    let mut client = open(&server).await;
    client.send(decide("1-0", false)).await;
    let denied = client.next_of("cf_agent_message_updated").await;
    assert_eq!(denied["message"]["parts"][1]["state"], "output-denied");
    let mut decision = decide("1-1", true);
    decision["reason"] = "go ahead".into();
    decision["input"] = json!({"path": "b.txt"});
    client.send(decision).await;
    let approved = client.next_of("cf_agent_message_updated").await;
    let part = &approved["message"]["parts"][2];
    assert_eq!(part["state"], "approval-responded");
    assert_eq!(part["approval"], json!({"id": "ask-1", "approved": true, "reason": "go ahead"}));
    assert_eq!(part["input"], json!({"path": "b.txt"}));
    // One is still open, so nothing has gone on.
    client.send(json!({"type": "cf_agent_stream_resume_request"})).await;
    client.next_of("cf_agent_stream_resume_none").await;

    client.send(result("1-2", json!(1))).await;
    until_done(&mut client).await;
    let text = history(&server).await[1]["parts"][5]["text"].clone();
    assert_eq!(
        text, r#"["output-denied","approval-responded","output-available"], tools ["getTimezone"]"#,
        "what the request brought along is known after a restart"
    );
}

#[tokio::test]
async fn an_answer_that_is_not_the_newest_any_more_is_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path()).await;
    let mut client = open(&server).await;
    client.send(ask("1", "approval")).await;
    until_done(&mut client).await;
    client.send(ask("2", "client")).await;
    until_done(&mut client).await;

    client.send(decide("1-0", true)).await;
    let updated = client.next_of("cf_agent_message_updated").await;
    assert_eq!(updated["message"]["parts"][1]["state"], "approval-responded");
    let decided = history(&server).await;

    // The newest answer can still be gone on with, and nothing was added to the older one.
    client.send(result("2-0", json!(1))).await;
    assert_eq!(until_done(&mut client).await["continuation"], true);
    let after = history(&server).await;
    assert_eq!(after[..3], decided[..3]);
    let text = after[3].to_string();
    assert!(text.contains("output-available") && text.contains("tools"), "{text}");
}
