//! Every limit of the settings is an error in words, and nothing beside it is harmed.

use std::{collections::BTreeSet, time::Duration};

use domovoi_agents::prelude::*;
use serde_json::{Value, json};

use crate::support::{Client, Server, config};

#[derive(Default, Clone, Serialize, Deserialize)]
struct Text {
    text: String,
}

#[derive(Default)]
struct Store;

#[agent(state = Text)]
impl Store {
    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        cx.sql()
            .execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, text TEXT)", [])?;
        Ok(())
    }

    #[callable]
    fn set_text(&self, cx: &Context<Self>, length: usize) -> Result<()> {
        Ok(cx.set_state(Text { text: "x".repeat(length) })?)
    }

    #[callable]
    fn write(&self, cx: &Context<Self>, length: usize) -> Result<i64> {
        Ok(cx
            .sql()
            .query_one("INSERT INTO rows (text) VALUES (?1) RETURNING id", ["x".repeat(length)])?)
    }

    #[callable]
    fn ids(&self, cx: &Context<Self>) -> Result<Vec<i64>> {
        Ok(cx.sql().query("SELECT id FROM rows ORDER BY id", [])?)
    }

    #[callable]
    fn erase(&self, cx: &Context<Self>, from: i64) -> Result<usize> {
        Ok(cx.sql().execute("DELETE FROM rows WHERE id >= ?1", [from])?)
    }

    #[task]
    async fn wait(&self, _cx: &Context<Self>, _id: i64) -> Result<()> {
        std::future::pending::<()>().await;
        Ok(())
    }

    #[callable]
    fn remind(&self, cx: &Context<Self>, id: i64) -> Result<String> {
        Ok(cx.schedule(Duration::from_secs(3600), Self::WAIT, id)?.id)
    }

    #[callable]
    fn cancel(&self, cx: &Context<Self>, id: String) -> Result<bool> {
        Ok(cx.cancel_schedule(&id)?)
    }

    #[callable]
    fn enqueue(&self, cx: &Context<Self>, id: i64) -> Result<String> {
        Ok(cx.queue(Self::WAIT, id)?.id)
    }

    #[callable]
    fn dequeue(&self, cx: &Context<Self>, id: String) -> Result<bool> {
        Ok(cx.dequeue(&id)?)
    }
}

async fn server(folder: &tempfile::TempDir, edit: impl FnOnce(&mut AgentsConfig)) -> Server {
    let mut config = config(folder.path());
    edit(&mut config);
    Server::start(Agents::builder(config).agent::<Store>()).await
}

async fn result(client: &mut Client, method: &str, args: Value) -> Value {
    let answer = client.call(method, args).await;
    assert_eq!(answer["success"], true, "{method}: {answer}");
    answer["result"].clone()
}

async fn error(client: &mut Client, method: &str, args: Value) -> String {
    let answer = client.call(method, args).await;
    assert_eq!(answer["success"], false, "{method}: {answer}");
    answer["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_state_that_is_too_large_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder, |config| config.max_state_bytes = 1_000).await;
    let mut client = server.connect("store/a").await;
    // The limit counts the JSON: `{"text":""}` is 11 bytes.
    result(&mut client, "setText", json!([989])).await;
    let said = error(&mut client, "setText", json!([990])).await;
    assert_eq!(said, "the state has 1001 bytes, more than the limit of 1000");
    client.send(json!({"type": "cf_agent_state", "state": {"text": "x".repeat(990)}})).await;
    assert_eq!(client.next_of("cf_agent_state_error").await["error"], "State update rejected");
    // Characters are more than one byte.
    client.send(json!({"type": "cf_agent_state", "state": {"text": "é".repeat(900)}})).await;
    assert_eq!(client.next_of("cf_agent_state_error").await["error"], "State update rejected");
    let mut other = server.connect("store/a").await;
    let state = other.next_of("cf_agent_state").await;
    assert_eq!(state["state"]["text"].as_str().unwrap().len(), 989);
}

#[tokio::test]
async fn a_full_database_can_be_read_and_emptied() {
    const LIMIT: u64 = 400_000;
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder, |config| config.max_database_bytes = LIMIT).await;
    let mut client = server.connect("store/a").await;
    result(&mut client, "setText", json!([100])).await;
    let mut written = BTreeSet::new();
    let said = loop {
        let answer = client.call("write", json!([10_000 + written.len()])).await;
        match answer["result"].as_i64() {
            Some(id) => assert!(written.insert(id)),
            None => break answer["error"].as_str().unwrap().to_owned(),
        }
    };
    assert_eq!(said, "the database is full: it has reached its limit, or the disk has");
    assert!(written.len() > 20, "{}", written.len());

    // State and schedules are in the same file.
    let said = error(&mut client, "setText", json!([50_000])).await;
    assert!(said.contains("full"), "{said}");
    client.send(json!({"type": "cf_agent_state", "state": {"text": "y".repeat(50_000)}})).await;
    assert_eq!(client.next_of("cf_agent_state_error").await["error"], "State update rejected");

    // All of it can be read, and another instance is not concerned.
    let ids: BTreeSet<i64> =
        serde_json::from_value(result(&mut client, "ids", json!([])).await).unwrap();
    assert_eq!(ids, written);
    let mut reader = server.connect("store/a").await;
    let state = reader.next_of("cf_agent_state").await;
    assert_eq!(state["state"]["text"].as_str().unwrap().len(), 100, "the state is as before");
    let mut other = server.connect("store/b").await;
    result(&mut other, "write", json!([10_000])).await;

    // What is deleted makes room.
    result(&mut client, "erase", json!([10])).await;
    result(&mut client, "write", json!([10_001])).await;
    result(&mut client, "setText", json!([50_000])).await;
    drop((client, reader, other));
    server.agents.shutdown(Duration::from_secs(5)).await;
    let file = folder.path().join("agents/store/a.sqlite3");
    assert!(std::fs::metadata(file).unwrap().len() <= LIMIT);
}

#[tokio::test]
async fn one_schedule_too_many_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder, |config| config.max_schedules = 3).await;
    let mut client = server.connect("store/a").await;
    let limit = "this agent has 3 schedules or queued tasks already, which is its limit";
    for (add, remove) in [("remind", "cancel"), ("enqueue", "dequeue")] {
        let mut ids = Vec::new();
        for id in 0..3 {
            ids.push(result(&mut client, add, json!([id])).await);
        }
        assert_eq!(error(&mut client, add, json!([3])).await, limit);
        assert_eq!(result(&mut client, remove, json!([ids[1]])).await, true);
        result(&mut client, add, json!([4])).await;
        assert_eq!(error(&mut client, add, json!([5])).await, limit);
    }
    let mut other = server.connect("store/b").await;
    result(&mut other, "remind", json!([1])).await;
}

#[tokio::test]
async fn connections_that_end_make_room_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder, |config| config.max_connections = 2).await;
    let mut first = server.connect("store/a").await;
    let mut second = server.connect("store/a").await;
    first.next_of("cf_agent_state").await;
    second.next_of("cf_agent_state").await;
    let mut third = server.connect("store/a").await;
    let frame = third.closed().await.unwrap();
    assert_eq!(u16::from(frame.code), 1013);
    assert_eq!(frame.reason.as_str(), "this agent has 2 connections already, which is its limit");
    let mut elsewhere = server.connect("store/b").await;
    elsewhere.next_of("cf_agent_state").await;
    second.close().await;
    loop {
        let mut again = server.connect("store/a").await;
        // The server may not have heard of the end of the second one yet.
        if let tokio_tungstenite::tungstenite::Message::Text(_) = again.next_message().await {
            break;
        }
    }
    result(&mut first, "ids", json!([])).await;
}

#[tokio::test]
async fn few_open_files_serve_many_instances() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder, |config| {
        config.max_open_databases = 2;
        config.idle_after = Duration::from_secs(60);
    })
    .await;
    let mut clients = Vec::new();
    for i in 0..20 {
        clients.push(server.connect(&format!("store/{i}")).await);
    }
    for round in 1..=5 {
        for client in &mut clients {
            assert_eq!(result(client, "write", json!([round])).await, round);
        }
    }
    #[cfg(target_os = "linux")]
    {
        let open = std::fs::read_dir("/proc/self/fd").unwrap();
        let open = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        let open = open.filter(|file| file.starts_with(folder.path().join("agents")));
        // A file, its log and its shared memory each.
        assert!(open.count() <= 2 * 3);
    }
}

#[tokio::test]
async fn names_have_a_length_and_no_control_characters() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder, |_| {}).await;
    let rule = "an instance name has 1 to 255 bytes and no control characters";
    for name in ["", "a\nb", "\0", "\u{7f}", "\u{85}", &"x".repeat(256), &"é".repeat(128)] {
        let refused = server.agents.get::<Store>(name).map(|_| ()).unwrap_err();
        assert!(matches!(refused, AgentError::InvalidName), "{name:?}: {refused}");
        assert_eq!(refused.to_string(), rule);
    }
    for name in [" ", ".", "..", "a/b", &"x".repeat(255), &"é".repeat(127)] {
        let store = server.agents.get::<Store>(name).unwrap();
        assert_eq!(store.write(1).await.unwrap(), 1, "{name:?}");
    }
    let (status, body) = server.get(&format!("store/{}", "x".repeat(256))).await;
    assert!(status == 400 && body.contains(rule), "{status} {body}");
}
