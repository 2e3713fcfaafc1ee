//! The typed surface: methods of handles, tasks, what an agent tells of its methods.

use std::marker::PhantomData;

use domovoi_agents::{
    TaskEntry,
    prelude::*,
    rpc::{self, Callable},
};
use serde_json::{Value, json};

use crate::support::{Server, config};

#[derive(Default)]
struct Desk;

/// Has no JSON schema.
#[derive(Serialize, Deserialize)]
struct Opaque(i64);

/// Is no JSON at all.
struct Native(Box<dyn FnOnce(i64) -> i64 + Send>);

#[agent(state = i64)]
impl Desk {
    /// Adds to the count.
    #[callable]
    async fn add_to(&self, cx: &Context<Self>, by: i64, note: Option<String>) -> Result<i64> {
        tokio::task::yield_now().await;
        let _ = note;
        Ok(cx.update_state(|count| {
            *count += by;
            *count
        })?)
    }

    #[callable]
    fn fail(&self, error: String) -> std::result::Result<(), std::io::Error> {
        Err(std::io::Error::other(error))
    }

    #[callable]
    fn panic_now(&self) {
        panic!("a test of panics")
    }

    #[callable]
    fn clone(&self, this: String, cx: Opaque) -> (String, i64) {
        (this, cx.0)
    }

    #[callable]
    fn write_to_me(&self, connection: &Connection, text: String) -> String {
        connection.send_text(json!({"type": "for-you", "text": text}).to_string());
        connection.id().to_owned()
    }

    #[callable]
    async fn count(&self, stream: StreamingResponse, to: u32) -> Result<()> {
        for number in 0..to {
            stream.send(number)?;
            tokio::task::yield_now().await;
        }
        match to {
            0 => Err("nothing to count".into()),
            1 => panic!("a test of panics"),
            _ => stream.end("counted"),
        }
    }

    pub(crate) fn apply(&self, cx: &Context<Self>, native: Native) -> i64 {
        native.0(*cx.state())
    }

    #[cfg(any())]
    #[callable]
    fn absent(&self, never: NoSuchType) {}

    /// Takes a note.
    #[callable]
    #[task]
    async fn take_note(&self, cx: &Context<Self>, text: String) -> Result<()> {
        cx.sql().execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)", [])?;
        cx.sql().execute("INSERT INTO notes VALUES (?1)", [text])?;
        Ok(())
    }

    #[task]
    pub(crate) fn tick(&self) {}

    #[callable]
    fn notes(&self, cx: &Context<Self>) -> Result<Vec<String>, AgentError> {
        cx.sql().query("SELECT text FROM notes", [])
    }

    fn private_method(&self) {}
}

/// An agent with a type parameter.
struct Echo<T: Send + Sync + 'static>(PhantomData<T>);

#[agent(name = "Echo")]
impl<T: Send + Sync + Serialize + for<'de> Deserialize<'de> + 'static> Echo<T> {
    #[callable]
    fn echo(&self, value: T) -> T {
        value
    }

    #[task]
    fn drop_it(&self, value: T) {
        drop(value);
    }
}

/// An agent without `#[agent]`.
struct Handwritten;

impl Agent for Handwritten {
    type State = ();
    type Stub = ();
    const NAME: &'static str = "Handwritten";

    fn callables() -> &'static [Callable<Self>] {
        &[Callable {
            name: "one",
            rust_name: "one",
            description: "",
            streams: false,
            arguments: Vec::new,
            call: |_, _, _| Box::pin(std::future::ready(Ok(Some(json!(1))))),
        }]
    }
}

async fn server(folder: &std::path::Path) -> Server {
    let agents = Agents::builder(config(folder))
        .agent::<Desk>()
        .agent_with(|| Echo::<String>(PhantomData))
        .agent_with(|| Handwritten);
    Server::start(agents).await
}

#[tokio::test]
async fn a_handle_has_the_methods_of_its_agent() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let desk = server.agents.get::<Desk>("main").unwrap();
    Desk.private_method();
    assert_eq!(desk.add_to(2, None).await.unwrap(), 2);
    assert_eq!(desk.add_to(3, Some("note".to_owned())).await.unwrap(), 5);
    assert_eq!(desk.apply(Native(Box::new(|count| count * 2))).await.unwrap(), 10);
    assert_eq!((*desk).clone("a".to_owned(), Opaque(1)).await.unwrap(), ("a".to_owned(), 1));

    let error = desk.fail("the disk is full".to_owned()).await.unwrap_err();
    assert!(
        matches!(&error, AgentError::Handler(error) if error.downcast_ref::<std::io::Error>().is_some())
    );
    assert_eq!(error.to_string(), "the disk is full");
    assert!(matches!(desk.panic_now().await, Err(AgentError::Panicked)));
    let panicked = desk.run(|_, _| async { panic!("a test of panics") }).await;
    assert!(matches!(panicked, Err::<(), _>(AgentError::Panicked)));
    let by_name = server.agents.call::<()>("desk", "main", "panicNow", json!([])).await;
    assert!(matches!(by_name, Err(AgentError::Panicked)));
    assert_eq!(desk.add_to(0, None).await.unwrap(), 5, "alive after panics");

    let echo = server.agents.get::<Echo<String>>("main").unwrap();
    assert_eq!(echo.echo("back".to_owned()).await.unwrap(), "back");
}

#[tokio::test]
async fn a_handle_reads_streams() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let desk = server.agents.get::<Desk>("main").unwrap();
    let mut numbers = desk.count::<u32>(2);
    assert_eq!(numbers.next().await.unwrap().unwrap(), 0);
    assert_eq!(numbers.next().await.unwrap().unwrap(), 1);
    assert!(numbers.next().await.is_none());
    assert!(numbers.next().await.is_none());
    assert_eq!(numbers.end_value::<String>().unwrap().as_deref(), Some("counted"));

    let mut failing = desk.count::<u32>(0);
    assert_eq!(failing.next().await.unwrap().unwrap_err().to_string(), "nothing to count");
    assert!(failing.next().await.is_none());

    let mut panicking = desk.count::<Value>(1);
    assert_eq!(panicking.next().await.unwrap().unwrap(), 0);
    assert!(matches!(panicking.next().await, Some(Err(AgentError::Panicked))));
    assert!(panicking.next().await.is_none());

    let mut other = desk.count::<bool>(2);
    assert!(matches!(other.next().await, Some(Err(AgentError::Json(_)))));
}

#[tokio::test]
async fn a_method_may_know_its_caller() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let mut client = server.connect("desk/main?_pk=me").await;
    let call = json!({"type": "rpc", "id": "1", "method": "writeToMe", "args": ["hello"]});
    client.send(call).await;
    assert_eq!(client.next_of("for-you").await["text"], "hello");
    assert_eq!(client.next_of("rpc").await["result"], "me");
    let error = server.agents.call::<Value>("desk", "main", "writeToMe", ["hello"]).await;
    assert_eq!(error.unwrap_err().to_string(), "this method is for connected clients");
}

#[tokio::test]
async fn calls_find_methods_by_either_name_and_take_arguments_as_javascript_does() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let mut client = server.connect("desk/main").await;
    assert_eq!(client.call("add_to", json!([1])).await["result"], 1);
    assert_eq!(client.call("addTo", json!([1, null, "too", "many"])).await["result"], 2);
    for name in ["privateMethod", "private_method", "apply"] {
        let error = format!("Method {name} is not callable");
        assert_eq!(client.call(name, json!([])).await["error"], error);
    }
    let answer = client.call("absent", json!([])).await;
    assert_eq!(answer["error"], "Method absent does not exist");
    let mut client = server.connect("handwritten/main").await;
    assert_eq!(client.call("one", json!([])).await["result"], 1);
}

#[test]
fn methods_are_listed_with_the_schemas_of_their_arguments() {
    let methods = rpc::methods::<Desk>();
    let names: Vec<_> = methods.iter().map(|method| method.name).collect();
    let expected =
        ["addTo", "fail", "panicNow", "clone", "writeToMe", "count", "takeNote", "notes"];
    assert_eq!(names, expected);
    let add = serde_json::to_value(&methods[0]).unwrap();
    assert_eq!(
        (&add["description"], &add["streaming"]),
        (&json!("Adds to the count."), &json!(false))
    );
    assert_eq!(add["arguments"][0]["name"], "by");
    assert_eq!(add["arguments"][0]["schema"]["type"], "integer");
    assert_eq!(add["arguments"][1]["schema"]["type"], json!(["string", "null"]));
    let opaque = serde_json::to_value(&methods[3].arguments).unwrap();
    assert_eq!(opaque[1], json!({"name": "cx", "schema": true}));
    assert_eq!(methods[4].arguments.len(), 1);
    assert!(methods[5].streaming);
    assert_eq!(methods[5].arguments.len(), 1);
}

fn task<A: Agent>(name: &str) -> &'static TaskEntry<A> {
    A::tasks().iter().find(|task| task.name == name).unwrap()
}

#[tokio::test]
async fn tasks_are_found_by_name_and_know_their_payload() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let note: Task<Desk, String> = Desk::TAKE_NOTE;
    let tick: Task<Desk, ()> = Desk::TICK;
    let generic: Task<Echo<u8>, u8> = Echo::DROP_IT;
    assert_eq!((note.name(), tick.name(), generic.name()), ("takeNote", "tick", "dropIt"));

    let desk = server.agents.get::<Desk>("main").unwrap();
    let run = async |name: &'static str, payload: &'static str| {
        desk.run(move |this, cx| (task::<Desk>(name).run)(this, cx, payload)).await.unwrap()
    };
    run("takeNote", "\"buy milk\"").await.unwrap();
    run("tick", "null").await.unwrap();
    desk.take_note("pay rent".to_owned()).await.unwrap();
    assert_eq!(desk.notes().await.unwrap(), ["buy milk", "pay rent"]);

    let error = run("takeNote", "{\"text\":1}").await.unwrap_err();
    assert!(error.is_terminal());
    let text = error.to_string();
    assert!(text.contains("task `takeNote`") && text.contains("expected a string"), "{text}");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Admin,
    Guest,
}

#[derive(Debug, PartialEq, Deserialize)]
struct UserId(i64);

#[derive(Debug, PartialEq, Deserialize)]
struct User {
    id: UserId,
    name: String,
    age: Option<u8>,
    score: f64,
    admin: bool,
    role: Role,
    picture: Vec<u8>,
    tags: String,
}

fn make_users(cx: &Context<Desk>) -> Result<(), AgentError> {
    sql!(
        cx,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, score REAL,
         admin INTEGER, role TEXT, picture BLOB, tags TEXT DEFAULT '[\"{{a}}\"]')"
    )?;
    let (name, picture, none) = ("Robert'); DROP TABLE users;--", vec![0_u8, 255], None::<u8>);
    let score = |by: f64| by * 2.0;
    let changed = sql!(
        cx,
        "INSERT INTO users (name, age, score, admin, role, picture)
         VALUES ({name}, {none}, {score(1.5)}, {true}, 'guest', {picture.as_slice()})"
    )?;
    assert_eq!(changed, 1);
    let ids: Vec<i64> = sql!(
        &cx,
        r#"INSERT INTO users (name, age, score, admin, role, picture)
         VALUES ('Anna', {30_usize}, 2, 0, {String::from("admin")}, x'') RETURNING id"#,
    )?;
    assert_eq!(ids, [2]);
    Ok(())
}

#[tokio::test]
async fn rows_become_structs_tuples_maps_and_scalars() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let desk = server.agents.get::<Desk>("main").unwrap();
    let test = |_, cx: Context<Desk>| async move {
        make_users(&cx)?;
        let robert = User {
            id: UserId(1),
            name: "Robert'); DROP TABLE users;--".to_owned(),
            age: None,
            score: 3.0,
            admin: true,
            role: Role::Guest,
            picture: vec![0, 255],
            tags: "[\"{a}\"]".to_owned(),
        };
        let users: Vec<User> = sql!(cx, "SELECT * FROM users ORDER BY id")?;
        assert_eq!(users[0], robert);
        assert_eq!((&users[1].age, &users[1].role, users[1].score), (&Some(30), &Role::Admin, 2.0));
        let min_age = 18;
        let adults: Vec<User> = sql!(
            cx,
            "SELECT * FROM users WHERE age > {min_age} AND name = {users[1].name.clone()}"
        )?;
        assert_eq!(adults, users[1..]);

        let sql = cx.sql();
        assert_eq!(sql.query_one::<i64>("SELECT count(*) FROM users", [])?, 2);
        assert_eq!(
            sql.query_one::<Option<i64>>("SELECT max(id) FROM users WHERE id > 7", [])?,
            None
        );
        assert_eq!(sql.query_one::<(bool, Vec<u8>)>("SELECT 1, x'01'", [])?, (true, vec![1]));
        assert_eq!(sql.query_one::<Vec<u8>>("SELECT x'0102'", [])?, [1, 2]);
        assert_eq!(sql.query_one::<Role>("SELECT 'admin'", [])?, Role::Admin);
        assert_eq!(sql.query_one::<UserId>("SELECT 5", [])?, UserId(5));
        assert_eq!(
            sql.query_one::<Value>("SELECT 5 AS a, NULL AS b", [])?,
            json!({"a": 5, "b": null})
        );
        sql.query_one::<()>("SELECT 5", [])?;
        let nobody = "SELECT * FROM users WHERE id = ?1";
        assert_eq!(sql.query_optional::<User>(nobody, [7])?, None);
        assert_eq!(sql.query_optional::<User>(nobody, [1])?, Some(robert));
        let error = sql.query_one::<User>(nobody, [7]).unwrap_err();
        assert!(matches!(error, AgentError::Database(rusqlite::Error::QueryReturnedNoRows)));
        for (statement, text) in [
            ("SELECT 1 AS id", "missing field `name`"),
            ("SELECT 'x' AS id", "column `id`: invalid type: string \"x\", expected i64"),
            (
                "SELECT 1 AS id, 'a' AS name, 300 AS age",
                "column `age`: invalid value: integer `300`",
            ),
            ("SELECT 2 AS admin", "column `admin`: invalid value: integer `2`, expected 0 or 1"),
            ("SELECT 'boss' AS role", "column `role`: unknown variant `boss`"),
        ] {
            let error = sql.query::<User>(statement, []).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        Ok::<_, AgentError>(())
    };
    desk.run(test).await.unwrap().unwrap();
}
