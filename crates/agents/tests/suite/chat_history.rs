//! The history: versions, pages, what clients are told, hooks, and turns the agent starts.

use std::{sync::Arc, time::Duration};

use domovoi_agents::{
    chat::{ChatOptions, Concurrency, FinishedTurn, TurnOutcome},
    prelude::*,
};
use domovoi_protocol::{Chunk, Role, UiMessage};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

use crate::support::{Client, Server, config};

/// Answers `re: QUESTION`; where the question begins with `wait`, when there is a permit.
#[derive(Clone)]
struct Echo {
    options: ChatOptions,
    permits: Arc<Semaphore>,
    finished: mpsc::UnboundedSender<FinishedTurn>,
    /// Hears the history's texts each time it has changed otherwise than by a turn.
    changed: mpsc::UnboundedSender<Vec<String>>,
}

#[agent]
impl Echo {
    #[callable]
    fn ask(&self, cx: &Context<Self>, text: String) -> String {
        cx.ask(text)
    }

    #[callable]
    fn note(&self, cx: &Context<Self>, id: String, text: String) -> Result<()> {
        Ok(cx.save_messages([UiMessage::new(id, Role::Assistant, text)])?)
    }

    #[callable]
    fn stop_all(&self, cx: &Context<Self>) {
        cx.abort_turns();
    }
}

impl AiChatAgent for Echo {
    async fn on_chat_message(&self, cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        let asked: Vec<String> = cx
            .recent_messages(10)?
            .iter()
            .rev()
            .take_while(|message| message.role == Role::User)
            .map(UiMessage::text)
            .collect();
        let question = asked.into_iter().rev().collect::<Vec<_>>().join(" + ");
        let waits = question.starts_with("wait");
        let text = format!("re: {question}").replace("password", "[SECRET]");
        let first = [Ok(Chunk::text_start("t")), Ok(Chunk::text_delta("t", "... "))];
        let permits = Arc::clone(&self.permits);
        let rest = stream::once(async move {
            if waits {
                permits.acquire().await.map_err(|error| error.to_string())?.forget();
            }
            Ok(Chunk::text_delta("t", text))
        });
        Ok(ChatReply::from_chunks(stream::iter(first).chain(rest)))
    }

    async fn on_finish(&self, _cx: &Context<Self>, finished: &FinishedTurn) -> Result<()> {
        let _ = self.finished.send(finished.clone());
        Ok(())
    }

    async fn on_history_change(&self, cx: &Context<Self>) -> Result<()> {
        let _ = self.changed.send(cx.messages()?.iter().map(UiMessage::text).collect());
        Ok(())
    }

    fn sanitize_message(&self, mut message: UiMessage) -> UiMessage {
        for part in &mut message.parts {
            if let domovoi_protocol::Part::Text { text, .. } = part {
                *text = text.replace("[SECRET]", "[REDACTED]");
            }
        }
        message
    }

    fn chat_options(&self) -> ChatOptions {
        self.options.clone()
    }
}

struct Chat {
    _folder: tempfile::TempDir,
    server: Server,
    permits: Arc<Semaphore>,
    finished: mpsc::UnboundedReceiver<FinishedTurn>,
    changed: mpsc::UnboundedReceiver<Vec<String>>,
}

impl Chat {
    async fn start(options: ChatOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let permits = Arc::new(Semaphore::new(0));
        let (tell, finished) = mpsc::unbounded_channel();
        let (tell_change, changed) = mpsc::unbounded_channel();
        let permits_of_echo = Arc::clone(&permits);
        let echo = Echo { options, permits: permits_of_echo, finished: tell, changed: tell_change };
        let builder = Agents::builder(config(folder.path())).chat_agent_with(move || echo.clone());
        let server = Server::start(builder).await;
        Self { _folder: folder, server, permits, finished, changed }
    }

    async fn open(&self, query: &str) -> Client {
        let mut client = self.server.connect(&format!("echo/x{query}")).await;
        client.next_of("cf_agent_identity").await;
        client
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.server.get(&format!("echo/x/{path}")).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn texts(&self) -> Vec<String> {
        texts(&self.get("get-messages").await)
    }
}

/// The text of each message, its last text part.
fn texts(messages: &Value) -> Vec<String> {
    let last =
        |message: &Value| message["parts"].as_array().unwrap().last().unwrap()["text"].clone();
    messages.as_array().unwrap().iter().map(|m| last(m).as_str().unwrap().to_owned()).collect()
}

fn message(id: &str, text: &str) -> Value {
    json!({"id": id, "role": "user", "parts": [{"type": "text", "text": text}]})
}

fn request(id: &str, trigger: &str, messages: &[Value]) -> Value {
    let body = json!({"messages": messages, "trigger": trigger}).to_string();
    json!({"type": "cf_agent_use_chat_request", "id": id, "init": {"method": "POST", "body": body}})
}

fn ask(id: &str, text: &str) -> Value {
    request(id, "submit-message", &[message(&format!("q{id}"), text)])
}

/// The outcome of the turn with this id; null where it ended well.
async fn outcome(client: &mut Client, id: &str) -> Value {
    loop {
        let frame = client.next_of("cf_agent_use_chat_response").await;
        if frame["done"] == true && frame["id"] == id {
            return frame["outcome"].clone();
        }
    }
}

async fn say(client: &mut Client, id: &str, text: &str) {
    client.send(ask(id, text)).await;
    assert_eq!(outcome(client, id).await, Value::Null);
}

#[tokio::test]
async fn earlier_versions_stay_and_can_be_gone_back_to() {
    let chat = Chat::start(ChatOptions::default()).await;
    let mut client = chat.open("?domovoi=1").await;
    say(&mut client, "1", "one").await;
    say(&mut client, "2", "two").await;
    // The first question is edited: what came after it is left.
    client.send(request("3", "submit-message", &[message("q1", "uno")])).await;
    outcome(&mut client, "3").await;
    assert_eq!(chat.texts().await, ["uno", "... re: uno"]);
    // Its answer is asked for once more.
    client.send(request("4", "regenerate-message", &[message("q1", "uno")])).await;
    outcome(&mut client, "4").await;
    assert_eq!(chat.texts().await, ["uno", "... re: uno"]);

    let versions = chat.get("get-versions?id=q1").await;
    let of = |versions: &Value| -> Vec<(String, bool)> {
        let text = |v: &Value| v["message"]["parts"][0]["text"].as_str().unwrap().to_owned();
        let all = versions.as_array().unwrap();
        all.iter().map(|v| (text(v), v["active"].as_bool().unwrap())).collect()
    };
    assert_eq!(of(&versions), [("one".to_owned(), false), ("uno".to_owned(), true)]);
    let answer = chat.get("get-messages").await[1]["id"].as_str().unwrap().to_owned();
    let answers = chat.get(&format!("get-versions?id={answer}")).await;
    assert_eq!(answers.as_array().unwrap().len(), 2, "one for each time it was asked for");

    let several = chat.get("get-versions").await;
    let numbers = |versions: &Value| -> Value {
        versions.as_array().unwrap().iter().map(|version| version["version"].clone()).collect()
    };
    assert_eq!(
        several,
        json!([
            {"id": "q1", "versions": numbers(&versions), "active": versions[1]["version"]},
            {"id": answer, "versions": numbers(&answers), "active": answers[1]["version"]},
        ])
    );

    let select = |version: &Value| json!({"type": "domovoi_select_version", "version": version});
    client.send(select(&versions[0]["version"])).await;
    let told = client.next_of("domovoi_chat_delta").await;
    assert_eq!(told["reload"], true);
    assert_eq!(chat.texts().await, ["one", "... re: one", "two", "... re: two"]);
    let several = chat.get("get-versions").await;
    assert_eq!(several.as_array().unwrap().len(), 1, "only the first question: {several}");
    assert_eq!(several[0]["active"], versions[0]["version"]);
    client.send(select(&versions[1]["version"])).await;
    client.next_of("domovoi_chat_delta").await;
    assert_eq!(chat.texts().await, ["uno", "... re: uno"]);
    client.send(select(&json!(9999))).await;
    client.next_of("domovoi_error").await;
    // And the conversation goes on from there.
    say(&mut client, "5", "due").await;
    assert_eq!(chat.texts().await, ["uno", "... re: uno", "due", "... re: due"]);
}

#[tokio::test]
async fn a_stop_whose_turn_is_over_is_answered() {
    let chat = Chat::start(ChatOptions::default()).await;
    let mut client = chat.open("?domovoi=1").await;
    say(&mut client, "1", "one").await;
    // The end of the one may have gone to a connection that is lost; the other was not asked for.
    for (id, ended) in [("1", Value::Null), ("2", json!("aborted"))] {
        client.send(json!({"type": "cf_agent_chat_request_cancel", "id": id})).await;
        assert_eq!(outcome(&mut client, id).await, ended);
    }
    assert_eq!(chat.texts().await, ["one", "... re: one"]);
}

#[tokio::test]
async fn the_agent_is_told_of_changes_that_are_no_turn() {
    let mut chat = Chat::start(ChatOptions::default()).await;
    let mut client = chat.open("?domovoi=1").await;
    say(&mut client, "1", "one").await;
    client.send(request("2", "submit-message", &[message("q1", "uno")])).await;
    outcome(&mut client, "2").await;
    let versions = chat.get("get-versions?id=q1").await;
    let first = &versions[0]["version"];
    client.send(json!({"type": "domovoi_select_version", "version": first})).await;
    // Turns were before it, and are not told: it is the first that is heard.
    assert_eq!(chat.changed.recv().await.unwrap(), ["one", "... re: one"]);
    client.call("note", json!(["n", "noted"])).await;
    assert_eq!(chat.changed.recv().await.unwrap(), ["one", "... re: one", "noted"]);
    client.send(json!({"type": "cf_agent_chat_clear"})).await;
    assert!(chat.changed.recv().await.unwrap().is_empty());
    // A client of ours hears when that is done.
    client.next_of("cf_agent_chat_clear").await;
}

#[tokio::test]
async fn the_history_comes_in_pages() {
    let chat = Chat::start(ChatOptions::default()).await;
    let mut client = chat.open("").await;
    for index in 0..5 {
        say(&mut client, &index.to_string(), &format!("q{index}")).await;
    }
    let newest = chat.get("get-messages?limit=3").await;
    assert_eq!(texts(&newest), ["... re: q3", "q4", "... re: q4"]);
    let before = newest[0]["id"].as_str().unwrap();
    let page = chat.get(&format!("get-messages?before={before}&limit=4")).await;
    assert_eq!(texts(&page), ["... re: q1", "q2", "... re: q2", "q3"]);
    let first = chat.get("get-messages?before=q0&limit=4").await;
    assert_eq!(first, json!([]));
    let (status, _) = chat.server.get("echo/x/get-messages?limit=many").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn clients_of_ours_are_told_what_has_changed_and_others_everything() {
    let chat = Chat::start(ChatOptions::default()).await;
    let mut asker = chat.open("").await;
    say(&mut asker, "1", "one").await;
    let (mut ours, mut npm) = (chat.open("?domovoi=1").await, chat.open("").await);
    say(&mut asker, "2", "a [SECRET] password").await;
    let delta = ours.next_of("domovoi_chat_delta").await;
    assert_eq!(texts(&delta["messages"]), ["a [REDACTED] password"], "and nothing else");
    let delta = ours.next_of("domovoi_chat_delta").await;
    assert_eq!(texts(&delta["messages"]), ["... re: a [REDACTED] [REDACTED]"]);
    assert_eq!(ours.next_of("cf_agent_use_chat_response").await["done"], true);
    let all = npm.next_of("cf_agent_chat_messages").await;
    assert_eq!(texts(&all["messages"]).len(), 3);
    let all = npm.next_of("cf_agent_chat_messages").await;
    assert_eq!(texts(&all["messages"]).len(), 4);

    ours.call("note", json!(["n", "from [SECRET] elsewhere"])).await;
    let all = npm.next_of("cf_agent_chat_messages").await;
    assert_eq!(texts(&all["messages"]).last().unwrap(), "from [REDACTED] elsewhere");
}

#[tokio::test]
async fn a_client_of_ours_that_holds_one_page_leaves_only_what_comes_after() {
    let chat = Chat::start(ChatOptions::default()).await;
    let mut client = chat.open("?domovoi=1").await;
    for index in 1..=3 {
        say(&mut client, &index.to_string(), &format!("n{index}")).await;
    }
    let answer = chat.get("get-messages").await[5]["id"].clone();
    client.send(request("4", "regenerate-message", &[message("q3", "n3")])).await;
    loop {
        let delta = client.next_of("domovoi_chat_delta").await;
        if delta.get("removed").is_some() {
            assert_eq!(delta["removed"], json!([answer]), "who asked is told what it left");
            break;
        }
    }
    outcome(&mut client, "4").await;
    assert_eq!(chat.texts().await.len(), 6);

    client.send(request("5", "submit-message", &[message("q2", "edited")])).await;
    outcome(&mut client, "5").await;
    assert_eq!(chat.texts().await, ["n1", "... re: n1", "edited", "... re: edited"]);
    // An edit of a question that says the same leaves what came after it, too.
    client.send(request("6", "submit-message", &[message("q1", "n1")])).await;
    outcome(&mut client, "6").await;
    assert_eq!(chat.texts().await, ["n1", "... re: n1"]);

    // A client that lists the whole conversation leaves what it does not list.
    say(&mut client, "7", "n7").await;
    let mut npm = chat.open("").await;
    npm.send(request("8", "submit-message", &[message("q7", "alone")])).await;
    outcome(&mut npm, "8").await;
    assert_eq!(chat.texts().await, ["alone", "... re: alone"]);
}

#[tokio::test]
async fn what_changes_in_its_place_is_told_apart_from_what_is_new() {
    let chat = Chat::start(ChatOptions::default()).await;
    let (mut client, mut watcher) = (chat.open("").await, chat.open("?domovoi=1").await);
    for (text, list) in [("first", "messages"), ("second", "updated")] {
        client.call("note", json!(["n", text])).await;
        let delta = watcher.next_of("domovoi_chat_delta").await;
        assert_eq!(texts(&delta[list]), [text]);
    }
    assert_eq!(chat.texts().await, ["second"]);
}

#[tokio::test]
async fn only_so_many_messages_are_kept() {
    let chat = Chat::start(ChatOptions::default().max_persisted_messages(3)).await;
    let mut client = chat.open("").await;
    for index in 0..4 {
        say(&mut client, &index.to_string(), &format!("q{index}")).await;
    }
    assert_eq!(chat.texts().await, ["... re: q2", "q3", "... re: q3"]);
}

#[tokio::test]
async fn the_agent_starts_turns_that_everybody_sees() {
    let mut chat = Chat::start(ChatOptions::default()).await;
    let (mut one, mut two) = (chat.open("").await, chat.open("?domovoi=1").await);
    let id = one.call("ask", json!(["wait by itself"])).await["result"].clone();
    for client in [&mut one, &mut two] {
        let first = client.next_of("cf_agent_use_chat_response").await;
        assert_eq!(first["id"], id);
    }
    chat.permits.add_permits(1);
    for client in [&mut one, &mut two] {
        assert_eq!(outcome(client, id.as_str().unwrap()).await, Value::Null);
    }
    let finished = chat.finished.recv().await.unwrap();
    assert_eq!((json!(finished.request_id), finished.outcome), (id, TurnOutcome::Completed));
    assert_eq!(finished.message.unwrap().text(), "... re: wait by itself");

    let id = one.call("ask", json!(["wait for ever"])).await["result"].clone();
    one.next_of("cf_agent_use_chat_response").await;
    one.call("stop_all", json!([])).await;
    assert_eq!(outcome(&mut two, id.as_str().unwrap()).await, "aborted");
    assert_eq!(chat.finished.recv().await.unwrap().outcome, TurnOutcome::Aborted);
}

/// Asks a question that waits and, while it does, three more; the outcomes of the three.
async fn overlap(chat: &Chat) -> Vec<Value> {
    let mut client = chat.open("").await;
    client.send(ask("1", "wait")).await;
    while client.next_of("cf_agent_use_chat_response").await["body"] == "" {}
    for id in ["2", "3", "4"] {
        client.send(ask(id, id)).await;
    }
    // What is behind them is answered when they have all been taken in.
    client.send(json!({"type": "cf_agent_stream_resume_request", "probeId": "p"})).await;
    let mut outcomes = vec![Value::from("none"); 3];
    let mut left = 4;
    while left > 0 {
        let frame = client.next().await;
        if frame["type"] == "cf_agent_stream_resuming" {
            chat.permits.add_permits(1);
            client.send(json!({"type": "cf_agent_stream_resume_ack", "id": "1"})).await;
        }
        if frame["done"] == true && frame["replay"] != true {
            left -= 1;
            match frame["id"].as_str().unwrap().parse::<usize>().unwrap() {
                1 => {}
                id => outcomes[id - 2] = frame["outcome"].clone(),
            }
        }
    }
    outcomes
}

#[tokio::test]
async fn a_policy_says_what_becomes_of_questions_that_come_meanwhile() {
    let skipped = || Value::from("skipped");
    let start =
        async |concurrency| Chat::start(ChatOptions::default().concurrency(concurrency)).await;
    let chat = start(Concurrency::Queue).await;
    assert_eq!(overlap(&chat).await, [Value::Null, Value::Null, Value::Null]);
    assert_eq!(chat.texts().await.len(), 8);

    let chat = start(Concurrency::Latest).await;
    assert_eq!(overlap(&chat).await, [skipped(), skipped(), Value::Null]);
    let kept = ["wait", "... re: wait", "2", "3", "4", "... re: 2 + 3 + 4"];
    assert_eq!(chat.texts().await, kept);

    let chat = start(Concurrency::Merge).await;
    assert_eq!(overlap(&chat).await, [skipped(), skipped(), Value::Null]);
    assert_eq!(chat.texts().await, ["wait", "... re: wait", "4", "... re: 234"]);

    let chat = start(Concurrency::Drop).await;
    assert_eq!(overlap(&chat).await, [skipped(), skipped(), skipped()]);
    assert_eq!(chat.texts().await, ["wait", "... re: wait"]);

    let chat = start(Concurrency::Debounce(Duration::from_millis(20))).await;
    assert_eq!(overlap(&chat).await, [skipped(), skipped(), Value::Null]);
    assert_eq!(chat.texts().await, kept);
}
