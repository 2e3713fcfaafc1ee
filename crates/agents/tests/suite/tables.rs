//! Which of the runtime's own tables an instance's file has.

use std::{fs, time::Duration};

use domovoi_agents::{AgentsBuilder, prelude::*, schedule::ScheduleFilter, testing::TestAgents};

const HOUR: Duration = Duration::from_secs(3600);

#[derive(Default)]
struct Worker;

#[agent(state = usize)]
impl Worker {
    /// Counts its runs in the state.
    #[task]
    fn work(&self, cx: &Context<Self>) -> Result<()> {
        Ok(cx.update_state(|runs| *runs += 1)?)
    }
}

#[derive(Default)]
struct Talker;

#[agent(state = usize)]
impl Talker {}

impl AiChatAgent for Talker {
    async fn on_chat_message(&self, _cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        Ok("yes".into())
    }
}

fn agents(builder: AgentsBuilder) -> AgentsBuilder {
    builder.agent::<Worker>().chat_agent::<Talker>()
}

/// The names of the runtime's own tables of an instance.
async fn tables<A: Agent>(test: &TestAgents, name: &str) -> Vec<String> {
    const NAMES: &str = "SELECT name FROM sqlite_schema
        WHERE type = 'table' AND name LIKE 'domovoi%' ORDER BY name";
    let agent = test.get::<A>(name).unwrap();
    agent.run(|_, cx| async move { cx.sql().query(NAMES, []) }).await.unwrap().unwrap()
}

async fn on<A: Agent, T: Send + 'static>(
    test: &TestAgents,
    name: &str,
    work: impl FnOnce(Context<A>) -> Result<T, AgentError> + Send + 'static,
) -> T {
    let agent = test.get::<A>(name).unwrap();
    agent.run(|_, cx| async move { work(cx) }).await.unwrap().unwrap()
}

const SCHEDULES: [&str; 3] = ["domovoi_queue", "domovoi_runs", "domovoi_schedules"];

#[tokio::test]
async fn a_file_has_the_tables_that_were_used() {
    let mut test = TestAgents::new(agents).unwrap();
    on(&test, "plain", |cx: Context<Worker>| cx.set_state(1)).await;
    assert_eq!(tables::<Worker>(&test, "plain").await, ["domovoi_state"]);

    // To look creates nothing.
    let seen = |cx: Context<Worker>| {
        Ok((cx.get_schedules(&ScheduleFilter::default())?.len(), cx.runs(None, 9)?.len()))
    };
    assert_eq!(on(&test, "plain", seen).await, (0, 0));
    assert!(!on(&test, "plain", |cx: Context<Worker>| cx.cancel_schedule("x")).await);
    assert_eq!(tables::<Worker>(&test, "plain").await, ["domovoi_state"]);

    on(&test, "sql", |cx: Context<Worker>| cx.sql().execute("CREATE TABLE mine (x)", [])).await;
    assert!(tables::<Worker>(&test, "sql").await.is_empty());

    on(&test, "sql", |cx: Context<Worker>| cx.schedule(HOUR, Worker::WORK, ())).await;
    assert_eq!(tables::<Worker>(&test, "sql").await, SCHEDULES);
    test.crash().await.unwrap();
    test.advance(HOUR).await.unwrap();
    assert_eq!(on(&test, "sql", |cx: Context<Worker>| Ok(*cx.state())).await, 1);
    assert_eq!(tables::<Worker>(&test, "sql").await.len(), SCHEDULES.len() + 1);
}

#[tokio::test]
async fn files_of_before_open_with_all_that_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["agents/worker/a.sqlite3", "agents/talker/b.sqlite3"] {
        let file = folder.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let database = rusqlite::Connection::open(file).unwrap();
        database.execute_batch(include_str!("files/two_sets.sql")).unwrap();
    }
    let data_dir = folder.path().to_owned();
    let test = TestAgents::with_config(|config| config.data_dir = data_dir, agents).unwrap();

    assert_eq!(on(&test, "a", |cx: Context<Worker>| Ok(*cx.state())).await, 7);
    test.settled::<Worker>("a").await.unwrap();
    assert_eq!(on(&test, "a", |cx: Context<Worker>| Ok(*cx.state())).await, 8, "its schedule runs");
    assert_eq!(on(&test, "a", |cx: Context<Worker>| cx.runs(None, 9)).await.len(), 1);

    let messages = on(&test, "b", |cx: Context<Talker>| cx.messages()).await;
    assert_eq!(messages.len(), 1);
    on(&test, "b", |cx: Context<Talker>| cx.set_state(1)).await;
}
