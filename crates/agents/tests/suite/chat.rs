//! Chat turns over real sockets: streaming, stop, resume, restart, tools, history.

use std::sync::Arc;

use domovoi_agents::{AgentsBuilder, prelude::*};
use domovoi_models::{
    LanguageModel, ModelError, ModelMessage,
    testing::{Gate, Script, ScriptedModel},
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
        let messages = cx.messages()?;
        if messages.last().is_some_and(|message| message.text() == "panic") {
            panic!("a test of panics");
        }
        let model: Arc<dyn LanguageModel> = self.model.clone();
        Ok(StreamText::new(model).messages(&messages).tool(get_weather).into_reply())
    }
}

#[derive(Deserialize, JsonSchema)]
struct WeatherArgs {
    city: String,
}

/// Tells the temperature in a city.
#[tool]
async fn get_weather(args: WeatherArgs) -> Result<Value> {
    if args.city == "Atlantis" {
        return Err("that city has sunk".into());
    }
    Ok(json!({"city": args.city, "temperature": 4}))
}

fn serve(builder: AgentsBuilder, model: &Arc<ScriptedModel>) -> AgentsBuilder {
    let helper = Helper { model: Arc::clone(model) };
    builder.chat_agent_with(move || helper.clone())
}

async fn start(scripts: impl IntoIterator<Item = Script>) -> Chat {
    Chat::start(scripts, serve).await
}

fn ask(id: &str, text: &str) -> Value {
    let message = json!({"id": format!("user-{id}"), "role": "user", "parts": [{"type": "text", "text": text}]});
    request(id, "submit-message", &[message])
}

fn request(id: &str, trigger: &str, messages: &[Value]) -> Value {
    let body = json!({"messages": messages, "trigger": trigger}).to_string();
    json!({"type": "cf_agent_use_chat_request", "id": id, "init": {"method": "POST", "body": body}})
}

/// The chunks of a turn up to its end, and the last frame.
async fn chunks(client: &mut Client) -> (Vec<Value>, Value) {
    let mut chunks = Vec::new();
    loop {
        let frame = client.next_of("cf_agent_use_chat_response").await;
        if frame["done"] == true {
            return (chunks, frame);
        }
        let body = frame["body"].as_str().unwrap();
        if frame["error"] == true {
            chunks.push(json!({"type": "failed", "text": body}));
        } else if !body.is_empty() {
            chunks.push(serde_json::from_str(body).unwrap());
        }
    }
}

fn text_of(chunks: &[Value]) -> String {
    chunks.iter().filter_map(|chunk| chunk["delta"].as_str()).collect()
}

#[tokio::test]
async fn an_answer_streams_to_everybody_and_is_kept() {
    let chat = start([Script::new().text("Hel").text("lo").stop()]).await;
    let (mut asker, mut other) = (chat.open().await, chat.open().await);
    asker.send(ask("1", "hi")).await;
    let (sent, done) = chunks(&mut asker).await;
    assert_eq!(sent[0]["type"], "start");
    assert_eq!(text_of(&sent), "Hello");
    assert_eq!(done["messageIds"], json!(["user-1"]));
    assert_eq!(done.get("outcome"), None);

    let before = other.next_of("cf_agent_chat_messages").await;
    assert_eq!(before["messages"].as_array().unwrap().len(), 1);
    assert_eq!(text_of(&chunks(&mut other).await.0), "Hello");

    let history = chat.history().await;
    assert_eq!(history.len(), 2);
    assert_eq!(history[1]["id"], sent[0]["messageId"]);
    assert_eq!(history[1]["parts"][1]["text"], "Hello");
}

#[tokio::test]
async fn a_reload_in_mid_answer_gets_every_chunk_once() {
    let gate = Gate::new();
    let script = Script::new().text("one ").text("two ").gate(&gate).text("three").stop();
    let chat = start([script]).await;
    let mut asker = chat.open().await;
    asker.send(ask("1", "hi")).await;
    gate.reached(1).await;
    drop(asker);

    let mut reloaded = chat.server.connect("helper/x").await;
    assert_eq!(reloaded.next().await, json!({"type": "cf_agent_stream_resuming", "id": "1"}));
    reloaded.send(json!({"type": "cf_agent_stream_resume_request", "probeId": "p"})).await;
    let notice = reloaded.next_of("cf_agent_stream_resuming").await;
    assert_eq!(notice["probeId"], "p");
    reloaded.send(json!({"type": "cf_agent_stream_resume_ack", "id": "1"})).await;
    let mut seen = Vec::new();
    loop {
        let frame = reloaded.next_of("cf_agent_use_chat_response").await;
        if frame["replayComplete"] == true {
            break;
        }
        assert_eq!(frame["replay"], true);
        seen.push(frame);
    }
    gate.open();
    loop {
        let frame = reloaded.next_of("cf_agent_use_chat_response").await;
        if frame["done"] == true {
            break;
        }
        seen.push(frame);
    }
    let numbers: Vec<u64> = seen.iter().map(|frame| frame["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..seen.len() as u64).collect::<Vec<_>>());
    let bodies: Vec<Value> =
        seen.iter().map(|f| serde_json::from_str(f["body"].as_str().unwrap()).unwrap()).collect();
    assert_eq!(text_of(&bodies), "one two three");

    // A client that has some of it gets the rest; an acknowledgement after the end is answered.
    reloaded.send(json!({"type": "cf_agent_stream_resume_ack", "id": "1", "after": 3})).await;
    let rest = reloaded.next_of("cf_agent_use_chat_response").await;
    assert_eq!(rest["seq"], 4);
    chunks(&mut reloaded).await;
    reloaded.send(json!({"type": "cf_agent_stream_resume_request", "probeId": "q"})).await;
    let none = reloaded.next_of("cf_agent_stream_resume_none").await;
    assert_eq!((&none["probeId"], &none["reason"]), (&json!("q"), &json!("idle")));
}

#[tokio::test]
async fn stop_keeps_what_was_written() {
    let gate = Gate::new();
    let chat = start([
        Script::new().text("half").gate(&gate).text("never").stop(),
        Script::new().text("next").stop(),
    ])
    .await;
    let mut client = chat.open().await;
    client.send(ask("1", "hi")).await;
    gate.reached(1).await;
    // A second request waits; stopping it while it waits ends it alone.
    client.send(ask("2", "waiting")).await;
    client.send(json!({"type": "cf_agent_chat_request_cancel", "id": "2"})).await;
    client.send(json!({"type": "cf_agent_chat_request_cancel", "id": "1"})).await;
    let mut outcomes = Vec::new();
    while outcomes.len() < 2 {
        let frame = client.next_of("cf_agent_use_chat_response").await;
        if frame["done"] == true {
            outcomes.push(frame["outcome"].clone());
        }
    }
    assert_eq!(outcomes, ["aborted", "aborted"]);
    chat.model.abandoned(1).await;
    let history = chat.history().await;
    assert_eq!(history.len(), 2);
    assert_eq!(history[1]["metadata"]["turn"]["outcome"], "aborted");
    assert!(history[1].to_string().contains("half"));

    // A request that a bad connection brings once more stays stopped.
    client.send(ask("2", "waiting")).await;
    assert_eq!(chunks(&mut client).await.1["outcome"], "aborted");
    assert_eq!(chat.history().await.len(), 2);

    client.send(ask("3", "again")).await;
    assert_eq!(text_of(&chunks(&mut client).await.0), "next");

    // So does one whose stop took the shorter way.
    client.send(json!({"type": "cf_agent_chat_request_cancel", "id": "4"})).await;
    client.send(ask("4", "too late")).await;
    assert_eq!(chunks(&mut client).await.1["outcome"], "aborted");
    assert_eq!(chat.history().await.len(), 4);
}

#[tokio::test]
async fn a_crash_in_mid_answer_leaves_a_sane_conversation() {
    let gate = Gate::new();
    let chat =
        start([Script::new().text("half").gate(&gate).stop(), Script::new().text("whole").stop()])
            .await;
    let mut client = chat.open().await;
    client.send(ask("1", "hi")).await;
    loop {
        let frame = client.next_of("cf_agent_use_chat_response").await;
        if frame["body"].as_str().unwrap().contains("half") {
            break;
        }
    }
    let chat = chat.crash().await;
    let history = chat.history().await;
    assert_eq!(history.len(), 2);
    let why = "The server stopped while answering. Please try again.";
    assert_eq!(history[1]["metadata"]["turn"], json!({"outcome": "interrupted", "error": why}));
    assert!(history[1].to_string().contains("half"), "whatever was seen is kept");

    // The same request sent again does not run again; another try does.
    let mut client = chat.open().await;
    client.send(ask("1", "hi")).await;
    let messages = client.next_of("cf_agent_chat_messages").await;
    assert_eq!(messages["messages"], json!(history));
    let (said, done) = chunks(&mut client).await;
    assert_eq!(said, [json!({"type": "failed", "text": why})]);
    assert_eq!(done["outcome"], "error");
    client.send(request("2", "regenerate-message", &history[..1])).await;
    assert_eq!(text_of(&chunks(&mut client).await.0), "whole");
    let after = chat.history().await;
    assert_eq!(after.len(), 2);
    assert!(after[1].to_string().contains("whole"));
}

#[tokio::test]
async fn a_request_sent_again_runs_once() {
    let gate = Gate::new();
    let chat = start([Script::new().gate(&gate).text("once").stop()]).await;
    let mut client = chat.open().await;
    client.send(ask("1", "hi")).await;
    gate.reached(1).await;
    client.send(ask("1", "hi")).await;
    client.next_of("cf_agent_stream_resuming").await;
    client.send(json!({"type": "cf_agent_stream_resume_ack", "id": "1"})).await;
    while client.next_of("cf_agent_use_chat_response").await["replayComplete"] != true {}
    gate.open();
    assert_eq!(text_of(&chunks(&mut client).await.0), "once");
    assert_eq!(chat.model.requests().len(), 1);
    assert_eq!(chat.history().await.len(), 2);
}

#[tokio::test]
async fn tools_run_and_their_results_reach_the_model() {
    let chat = start([
        Script::new()
            .tool_call("a", "get_weather", r#"{"city":"Oslo"}"#)
            .tool_call("b", "get_weather", r#"{"city":"Atlantis"}"#)
            .tool_call("c", "get_weather", "{not json")
            .tool_call("d", "launch_rocket", "{}")
            .tool_call("e", "get_weather", r#"{"city":5}"#)
            .wait_for_tools(),
        Script::new().text("4 degrees").stop(),
    ])
    .await;
    let mut client = chat.open().await;
    client.send(ask("1", "weather?")).await;
    let (sent, _) = chunks(&mut client).await;
    assert_eq!(text_of(&sent), "4 degrees");

    let requests = chat.model.requests();
    let answers: Vec<&str> = requests[1]
        .messages
        .iter()
        .filter_map(|message| match message {
            ModelMessage::Tool { content, .. } => Some(content.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(answers[0], r#"{"city":"Oslo","temperature":4}"#);
    assert_eq!(answers[1], "Error: that city has sunk");
    assert!(answers[2].contains("not valid JSON"), "{}", answers[2]);
    assert!(answers[3].contains("no tool named `launch_rocket`"), "{}", answers[3]);
    assert!(answers[4].contains("expected a string"), "{}", answers[4]);
    assert_eq!(requests[0].tools[0].name, "get_weather");
    assert_eq!(requests[0].tools[0].description, "Tells the temperature in a city.");

    let parts = chat.history().await[1]["parts"].clone();
    let states: Vec<&str> =
        parts.as_array().unwrap().iter().filter_map(|p| p["state"].as_str()).collect();
    assert_eq!(states[..3], ["output-available", "output-error", "output-error"]);
}

#[tokio::test]
async fn failures_are_told_and_the_next_turn_works() {
    let refused = ModelError::Unauthorized { endpoint: "http://e".to_owned() };
    let chat = start([
        Script::refuse(refused),
        Script::new().text("half").fail(ModelError::Interrupted(None)),
        Script::new().text("fine").stop(),
    ])
    .await;
    let mut client = chat.open().await;
    client.send(ask("1", "hi")).await;
    let (sent, done) = chunks(&mut client).await;
    assert_eq!(done["outcome"], "error");
    assert!(sent.last().unwrap()["text"].as_str().unwrap().contains("refused the API key"));
    assert_eq!(chat.history().await.len(), 1, "no empty answer is kept");

    client.send(ask("2", "hi")).await;
    let (sent, done) = chunks(&mut client).await;
    assert_eq!((text_of(&sent).as_str(), &done["outcome"]), ("half", &json!("error")));
    let kept = chat.history().await[2].clone();
    assert_eq!(kept["metadata"]["turn"]["outcome"], "error");

    client.send(ask("3", "panic")).await;
    let (sent, done) = chunks(&mut client).await;
    assert_eq!(done["outcome"], "error");
    assert!(sent.last().unwrap()["text"].as_str().unwrap().contains("unexpectedly"));

    client.send(json!({"type": "cf_agent_use_chat_request", "id": "4", "init": {"method": "POST", "body": "{"}})).await;
    assert_eq!(chunks(&mut client).await.1["outcome"], "error");

    client.send(ask("5", "hi")).await;
    assert_eq!(text_of(&chunks(&mut client).await.0), "fine");
}

#[tokio::test]
async fn an_answer_that_did_not_come_again_leaves_the_way_back_and_says_why() {
    let refused = || Script::refuse(ModelError::Unauthorized { endpoint: "http://e".to_owned() });
    let scripts = [Script::new().text("old").stop(), refused(), refused()];
    let mut chat = start(scripts).await;
    let mut client = chat.server.connect("helper/x?domovoi=1").await;
    client.send(ask("1", "hi")).await;
    chunks(&mut client).await;
    let question = chat.history().await[..1].to_vec();
    for turn in ["2", "3"] {
        client.send(request(turn, "regenerate-message", &question)).await;
        assert_eq!(chunks(&mut client).await.1["outcome"], "error");
    }
    assert_eq!(chat.history().await.len(), 1);

    // Whoever comes later learns as much, from another process too.
    let probe = json!({"type": "cf_agent_stream_resume_request"});
    for crashed in [false, true] {
        if crashed {
            chat = chat.crash().await;
        }
        let mut other = chat.open().await;
        other.send(probe.clone()).await;
        let none = other.next_of("cf_agent_stream_resume_none").await;
        assert_eq!(none.get("error"), None, "it is ours alone");
        client = chat.server.connect("helper/x?domovoi=1").await;
        client.send(probe.clone()).await;
        let none = client.next_of("cf_agent_stream_resume_none").await;
        assert!(none["error"].as_str().unwrap().contains("refused the API key"), "{none}");
        client.send(request("3", "regenerate-message", &question)).await;
        let (said, _) = chunks(&mut client).await;
        assert_eq!(said, [json!({"type": "failed", "text": none["error"]})]);
    }
    let (_, body) = chat.server.get("helper/x/get-versions").await;
    let versions: Value = serde_json::from_str(&body).unwrap();
    let old = &versions[0]["versions"][0];
    assert_eq!(versions, json!([{"id": "", "versions": [old], "active": 0}]));
    client.send(json!({"type": "domovoi_select_version", "version": old})).await;
    client.next_of("domovoi_chat_delta").await;
    assert!(chat.history().await[1].to_string().contains("old"));
    let (_, body) = chat.server.get("helper/x/get-versions").await;
    assert_eq!(body, "[]");
    client.send(probe).await;
    let none = client.next_of("cf_agent_stream_resume_none").await;
    assert_eq!(none.get("error"), None, "the question has its answer");
}

#[tokio::test]
async fn clearing_in_mid_answer_keeps_nothing() {
    let gate = Gate::new();
    let chat = start([Script::new().text("half").gate(&gate).stop()]).await;
    let (mut client, mut other) = (chat.open().await, chat.open().await);
    client.send(ask("1", "hi")).await;
    gate.reached(1).await;
    client.send(json!({"type": "cf_agent_chat_clear"})).await;
    other.next_of("cf_agent_chat_clear").await;
    assert_eq!(chunks(&mut client).await.1["outcome"], "aborted");
    assert_eq!(chat.history().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_second_question_waits_for_the_first() {
    let gate = Gate::new();
    let chat = start([
        Script::new().gate(&gate).text("first").stop(),
        Script::new().text("second").stop(),
    ])
    .await;
    let (mut one, mut two) = (chat.open().await, chat.open().await);
    one.send(ask("1", "a")).await;
    gate.reached(1).await;
    two.send(ask("2", "b")).await;
    gate.open();
    let roles = loop {
        let frame = one.next_of("cf_agent_use_chat_response").await;
        if frame["done"] == true && frame["id"] == "2" {
            let history = chat.history().await;
            break history
                .iter()
                .map(|m| m["role"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>();
        }
    };
    assert_eq!(roles, ["user", "assistant", "user", "assistant"]);
}
