//! State, RPC, connections, sleep and errors, over real sockets.

use std::sync::atomic::{AtomicUsize, Ordering};

use domovoi_agents::prelude::*;
use serde_json::{Value, json};

use crate::support::{Server, config};

#[derive(Default, Clone, Serialize, Deserialize)]
struct CounterState {
    counter: i64,
}

#[derive(Default)]
struct Counter;

#[agent(state = CounterState)]
impl Counter {
    fn validate_state(
        &self,
        cx: &Context<Self>,
        state: &CounterState,
        _source: &StateSource,
    ) -> Result<()> {
        // What is asked is the old state.
        assert!(cx.state().counter >= 0);
        if state.counter < 0 { Err("negative".into()) } else { Ok(()) }
    }

    async fn on_connect(&self, _cx: &Context<Self>, connection: &Connection) -> Result<()> {
        connection.set_readonly(connection.query("readonly").is_some());
        Ok(())
    }

    async fn on_message(
        &self,
        _cx: &Context<Self>,
        connection: &Connection,
        message: Message,
    ) -> Result<()> {
        match message {
            Message::Text(text) if text.as_str() == "hits" => {
                let hits: u32 = connection.state().unwrap_or(0);
                connection.send_text(json!({"hits": hits}).to_string());
                connection.set_state(&(hits + 1))?;
            }
            Message::Text(text) => connection.send_text(text),
            Message::Binary(bytes) => connection.send_binary(bytes),
            _ => {}
        }
        Ok(())
    }

    /// Adds one.
    #[callable]
    fn increment(&self, cx: &Context<Self>) -> Result<i64> {
        Ok(cx.update_state(|state| {
            state.counter += 1;
            state.counter
        })?)
    }

    #[callable]
    async fn echo_twice(&self, value: Value, second: Option<String>) -> (Value, Option<String>) {
        tokio::task::yield_now().await;
        (value, second)
    }

    #[callable]
    fn nothing(&self) {}

    #[callable]
    fn fail(&self, message: String) -> Result<()> {
        Err(HandlerError::new(message))
    }

    #[callable]
    fn panic_now(&self) {
        panic!("a test of panics")
    }

    #[callable]
    async fn numbers(&self, stream: StreamingResponse, n: u32) -> Result<()> {
        for i in 0..n {
            stream.send(i)?;
            tokio::task::yield_now().await;
        }
        stream.end(n)?;
        stream.error("ignored");
        Ok(())
    }

    #[callable]
    async fn fail_in_stream(&self, stream: StreamingResponse) -> Result<()> {
        stream.send("one")?;
        Err("Stream failed".into())
    }

    fn hidden_method(&self) {}
}

impl Counter {
    fn used(&self) {
        self.hidden_method();
    }
}

async fn server(folder: &std::path::Path) -> Server {
    Server::start(Agents::builder(config(folder)).agent::<Counter>()).await
}

#[tokio::test]
async fn a_connection_is_told_who_we_are_and_our_state() {
    Counter.used();
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let mut client = server.connect("counter/a?_pk=me").await;
    let identity = client.next().await;
    assert_eq!(
        identity,
        json!({"type": "cf_agent_identity", "name": "a", "agent": "counter", "stateFollows": true})
    );
    assert_eq!(client.next().await, json!({"type": "cf_agent_state", "state": {"counter": 0}}));
    let servers = json!({"servers": {}, "tools": [], "prompts": [], "resources": []});
    let frame = json!({"type": "cf_agent_mcp_servers", "mcp": servers});
    assert_eq!(client.next().await, frame);
    assert!(!folder.path().join("agents").exists(), "no file before the first write");
}

#[tokio::test]
async fn state_reaches_everybody_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path()).await;
    let (mut one, mut two) = (first.connect("counter/a").await, first.connect("counter/a").await);
    one.next_of("cf_agent_state").await;
    two.next_of("cf_agent_state").await;
    assert_eq!(one.call("increment", json!([])).await["result"], 1);
    assert_eq!(two.next_of("cf_agent_state").await["state"]["counter"], 1);

    // A client's update reaches every connection but its own.
    two.send(json!({"type": "cf_agent_state", "state": {"counter": 41}})).await;
    assert_eq!(one.next_of("cf_agent_state").await["state"]["counter"], 41);
    two.send_text("ping").await;
    assert_eq!(two.next_message().await.to_text().unwrap(), "ping");

    let (closed, ()) = tokio::join!(
        async { (one.closed().await, two.closed().await) },
        first.agents.shutdown(std::time::Duration::from_secs(5)),
    );
    assert_eq!(u16::from(closed.0.unwrap().code), 1001);
    let second = server(folder.path()).await;
    let mut client = second.connect("counter/a").await;
    assert_eq!(client.next_of("cf_agent_state").await["state"]["counter"], 41);
}

#[tokio::test]
async fn state_updates_of_clients_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let mut client = server.connect("counter/a").await;
    let mut reader = server.connect("counter/a?readonly=true").await;
    for bad in [json!({"counter": -1}), json!({"counter": "x"})] {
        client.send(json!({"type": "cf_agent_state", "state": bad})).await;
        let error = client.next_of("cf_agent_state_error").await;
        assert_eq!(error["error"], "State update rejected");
    }
    reader.send(json!({"type": "cf_agent_state", "state": {"counter": 5}})).await;
    assert_eq!(reader.next_of("cf_agent_state_error").await["error"], "Connection is readonly");
    assert_eq!(client.call("increment", json!([])).await["result"], 1);
}

#[tokio::test]
async fn calls_answer_with_results_and_errors() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let mut client = server.connect("counter/a").await;
    let answer = client.call("echoTwice", json!([{"a": 1}])).await;
    assert_eq!(answer["result"], json!([{"a": 1}, null]));
    assert_eq!((&answer["success"], &answer["done"]), (&json!(true), &json!(true)));
    assert_eq!(client.call("nothing", json!([])).await.get("result"), None);
    for (method, error) in [
        ("fail", "no"),
        ("missing", "Method missing does not exist"),
        ("hiddenMethod", "Method hiddenMethod is not callable"),
        ("panicNow", "The call ended without an answer"),
    ] {
        let answer = client.call(method, json!(["no"])).await;
        assert_eq!((&answer["success"], &answer["error"]), (&json!(false), &json!(error)));
    }
    let answer = client.call("fail", json!([5])).await;
    assert!(answer["error"].as_str().unwrap().contains("argument `message`"));
    assert_eq!(client.call("increment", json!([])).await["result"], 1, "alive after a panic");
}

#[tokio::test]
async fn streams_end_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let mut client = server.connect("counter/a").await;
    client.send(json!({"type": "rpc", "id": "s", "method": "numbers", "args": [2]})).await;
    for (result, done) in [(0, false), (1, false), (2, true)] {
        let piece = client.next_of("rpc").await;
        assert_eq!((&piece["result"], &piece["done"]), (&json!(result), &json!(done)));
    }
    client.send(json!({"type": "rpc", "id": "f", "method": "failInStream", "args": []})).await;
    assert_eq!(client.next_of("rpc").await["result"], "one");
    assert_eq!(client.next_of("rpc").await["error"], "Stream failed");
    assert_eq!(client.call("nothing", json!([])).await["done"], true, "nothing came after the end");
}

#[tokio::test]
async fn a_sleeping_instance_keeps_its_connections_and_their_state() {
    static STARTS: AtomicUsize = AtomicUsize::new(0);
    let folder = tempfile::tempdir().unwrap();
    let builder = Agents::builder(config(folder.path())).agent_with(|| {
        STARTS.fetch_add(1, Ordering::SeqCst);
        Counter
    });
    let server = Server::start(builder).await;
    let mut client = server.connect("counter/a").await;
    client.next_of("cf_agent_mcp_servers").await;
    client.send_text("hits").await;
    assert_eq!(client.next().await["hits"], 0);
    // Asks again until the instance has slept and woken in between.
    let mut asked = 1;
    while STARTS.load(Ordering::SeqCst) < 2 {
        client.send_text("hits").await;
        assert_eq!(client.next().await["hits"], asked);
        asked += 1;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn addresses_and_frames_that_are_wrong_get_clear_answers() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let (status, body) = server.get("nobody/a").await;
    assert_eq!(status, 400);
    assert!(body.contains("unknown_agent") && body.contains("nobody"), "{body}");
    assert_eq!(server.get("counter/a/anything").await.0, 404);

    let mut client = server.connect("counter/a").await;
    client.next_of("cf_agent_state").await;
    client.send_text(r#"{"type":"rpc","id":7}"#).await;
    let error = client.next_of("domovoi_error").await;
    assert!(error["error"].as_str().unwrap().contains("malformed `rpc`"), "{error}");
    for foreign in ["not json", r#"{"type":"of_the_future"}"#, "[1]"] {
        client.send_text(foreign).await;
        assert_eq!(client.next_message().await.to_text().unwrap(), foreign);
    }
    client.send_binary(vec![0, 255]).await;
    assert_eq!(client.next_message().await.into_data().as_ref(), [0, 255]);
}

#[tokio::test]
async fn messages_over_the_limit_are_refused_and_the_connection_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.max_message_bytes = 1000;
    config.max_state_bytes = 30;
    let server = Server::start(Agents::builder(config).agent::<Counter>()).await;
    let mut client = server.connect("counter/a").await;
    client.send_text(&"x".repeat(1500)).await;
    let error = client.next_of("domovoi_error").await;
    assert!(error["error"].as_str().unwrap().contains("limit of 1000"), "{error}");
    assert_eq!(client.call("increment", json!([])).await["result"], 1);
    client.send_text(&"x".repeat(5000)).await;
    assert_eq!(u16::from(client.closed().await.unwrap().code), 1009);
}

#[tokio::test]
async fn one_connection_too_many_is_told_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.max_connections = 1;
    let server = Server::start(Agents::builder(config).agent::<Counter>()).await;
    let mut first = server.connect("counter/a").await;
    first.next_of("cf_agent_state").await;
    let mut second = server.connect("counter/a").await;
    let frame = second.closed().await.unwrap();
    assert_eq!(u16::from(frame.code), 1013);
    assert!(frame.reason.contains("limit"), "{}", frame.reason);
    assert_eq!(first.call("increment", json!([])).await["result"], 1);
}

#[tokio::test]
async fn foreign_pages_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.allowed_origins = vec!["http://localhost:5173".to_owned()];
    let server = Server::start(Agents::builder(config).agent::<Counter>()).await;
    let own = format!("http://{}", server.address);
    assert!(server.connect_from("counter/a", &own).await.is_ok());
    assert!(server.connect_from("counter/a", "http://localhost:5173").await.is_ok());
    assert_eq!(server.connect_from("counter/a", "http://evil.com").await.err(), Some(403));
    assert_eq!(server.connect_from("counter/a", "null").await.err(), Some(403));
}

#[tokio::test]
async fn handles_calls_and_destroy_from_this_process() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let agents = &server.agents;
    let count: i64 = agents.call("counter", "b", "increment", json!([])).await.unwrap();
    assert_eq!(count, 1);
    let state = agents.get::<Counter>("b").unwrap();
    let state = state.run(|_, cx| async move { cx.state().counter }).await.unwrap();
    assert_eq!(state, 1);
    let error = agents.call::<i64>("counter", "b", "fail", ["no"]).await.unwrap_err();
    assert_eq!(error.to_string(), "no");
    assert!(agents.get::<Counter>("").is_err());

    let mut client = server.connect("counter/b").await;
    client.next_of("cf_agent_state").await;
    agents.destroy("counter", "b").await.unwrap();
    assert_eq!(u16::from(client.closed().await.unwrap().code), 4004);
    assert!(!folder.path().join("agents/counter/b.sqlite3").exists());
    let count: i64 = agents.call("counter", "b", "increment", json!([])).await.unwrap();
    assert_eq!(count, 1, "a new instance begins anew");
}

#[tokio::test]
async fn sql_of_an_instance() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Note {
        id: i64,
        text: Option<String>,
    }
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let notes = server
        .agents
        .get::<Counter>("c")
        .unwrap()
        .run(|_, cx| async move {
            let sql = cx.sql();
            sql.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)", [])?;
            sql.execute("INSERT INTO notes (text) VALUES (?1)", ["it's"])?;
            let failed = sql.transaction(|db| {
                db.execute("INSERT INTO notes (text) VALUES ('lost')", [])?;
                Err::<(), _>(AgentError::Gone)
            });
            assert!(failed.is_err());
            sql.query::<Note>("SELECT * FROM notes WHERE id >= ?1", [0])
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(notes, [Note { id: 1, text: Some("it's".to_owned()) }]);
}

#[tokio::test]
async fn one_process_owns_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _owner = Agents::builder(config(folder.path())).build().unwrap();
    let second = Agents::builder(config(folder.path())).build();
    assert!(matches!(second, Err(AgentError::DataDirInUse(_))));
}
