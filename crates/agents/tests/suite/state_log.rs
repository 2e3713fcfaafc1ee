//! States in their log: as durable as in the file, and never newer or older than the rest of it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use domovoi_agents::{
    AgentsConfig,
    backup::{self, Existing},
    prelude::*,
};
use rusqlite::{Connection, OptionalExtension};

#[derive(Default)]
struct Counter;

#[agent(state = String)]
impl Counter {
    #[callable]
    fn set(&self, cx: &Context<Self>, to: String) -> Result<()> {
        Ok(cx.set_state(to)?)
    }

    #[callable]
    fn get(&self, cx: &Context<Self>) -> Result<String> {
        Ok((*cx.state()).clone())
    }

    #[callable]
    fn note(&self, cx: &Context<Self>, text: String) -> Result<()> {
        cx.sql().execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)", ())?;
        cx.sql().execute("INSERT INTO notes VALUES (?1)", [text])?;
        Ok(())
    }
}

fn start(folder: &Path) -> Agents {
    Agents::builder(AgentsConfig::new(folder)).agent::<Counter>().build().unwrap()
}

async fn set(agents: &Agents, name: &str, states: &[&str]) {
    let counter = agents.get::<Counter>(name).unwrap();
    for state in states {
        counter.set((*state).to_owned()).await.unwrap();
    }
}

async fn get(agents: &Agents, name: &str) -> String {
    agents.get::<Counter>(name).unwrap().get().await.unwrap()
}

async fn stop(agents: Agents) {
    agents.shutdown(Duration::from_secs(5)).await;
}

/// The log's segments in a data folder.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> =
        paths.filter(|it| it.extension().is_some_and(|it| it == "log")).collect();
    found.sort();
    found
}

/// What the files of `folder` say at this moment: a process that is killed leaves no less.
fn killed(folder: &Path, copy: &Path) {
    fs::create_dir_all(copy).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let (from, to) = {
            let entry = entry.unwrap();
            (entry.path(), copy.join(entry.file_name()))
        };
        if from.is_dir() {
            killed(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// The state in the file of an instance, as a shell reads it.
fn stored(folder: &Path, name: &str) -> Option<String> {
    let file = folder.join(format!("agents/counter/{name}.sqlite3"));
    let select = "SELECT value FROM domovoi_state";
    let state = Connection::open(file).unwrap().query_row(select, [], |row| row.get(0));
    state.optional().unwrap()
}

#[tokio::test]
async fn what_only_the_log_has_survives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let agents = start(&data);
    set(&agents, "a", &["1", "2", "3 \"\n"]).await;
    set(&agents, "b", &["one"]).await;
    killed(&data, &copy);
    assert_eq!(segments(&copy).len(), 1, "the first state goes into the file, later ones do not");

    let again = start(&copy);
    assert_eq!(
        (get(&again, "a").await.as_str(), get(&again, "b").await.as_str()),
        ("3 \"\n", "one")
    );
    // It is gone on with, by the next process as well.
    set(&again, "a", &["4", "5"]).await;
    let third = folder.path().join("third");
    killed(&copy, &third);
    assert_eq!(get(&start(&third), "a").await, "5");
    stop(again).await;
    assert_eq!(segments(&copy), [] as [PathBuf; 0]);
    assert_eq!(stored(&copy, "a").unwrap(), "\"5\"");
    stop(agents).await;
}

#[tokio::test]
async fn a_file_never_has_rows_without_the_state_before_them() {
    let folder = tempfile::tempdir().unwrap();
    let agents = start(folder.path());
    set(&agents, "a", &["1", "2"]).await;
    agents.get::<Counter>("a").unwrap().note("after 2".to_owned()).await.unwrap();
    assert_eq!(stored(folder.path(), "a").unwrap(), "\"2\"");
    // Who looks from outside sees it in any case.
    set(&agents, "a", &["3"]).await;
    let limits = domovoi_agents::inspect::QueryLimits::default();
    let rows =
        agents.query_stored("counter", "a", "SELECT value FROM domovoi_state", limits).unwrap();
    assert_eq!(rows.rows, [[Some("\"3\"".to_owned())]]);
    stop(agents).await;
}

#[tokio::test]
async fn states_reach_their_files_by_themselves_and_the_log_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let agents = start(folder.path());
    for name in ["a", "b"] {
        set(&agents, name, &["1", "2"]).await;
    }
    while !segments(folder.path()).is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(["a", "b"].map(|name| stored(folder.path(), name).unwrap()), ["\"2\"", "\"2\""]);
    stop(agents).await;
}

#[tokio::test]
async fn a_line_that_is_not_whole_or_not_newer_counts_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let agents = start(folder.path());
    set(&agents, "a", &["1", "2"]).await;
    set(&agents, "gone", &["1", "2"]).await;
    let [segment] = segments(folder.path()).try_into().unwrap();
    let early = fs::read_to_string(&segment).unwrap();
    set(&agents, "a", &["3"]).await;
    agents.destroy("counter", "gone").await.unwrap();
    stop(agents).await;

    // The log as it was before, and the end of a line that a crash cut off.
    let torn = early.lines().next().unwrap().replace("\"2\"", "\"torn");
    fs::write(&segment, format!("{early}{}", &torn[..torn.len() - 2])).unwrap();
    let again = start(folder.path());
    assert_eq!(get(&again, "a").await, "3");
    stop(again).await;
    assert_eq!(segments(folder.path()), [] as [PathBuf; 0]);
    assert!(!folder.path().join("agents/counter/gone.sqlite3").exists());
}

#[tokio::test]
async fn what_was_accepted_is_written_although_the_file_has_reached_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = AgentsConfig::new(folder.path());
    config.max_database_bytes = 16 << 10;
    let agents = Agents::builder(config).agent::<Counter>().build().unwrap();
    set(&agents, "a", &["1"]).await;
    let counter = agents.get::<Counter>("a").unwrap();
    while counter.note("x".repeat(300)).await.is_ok() {}
    let large = "y".repeat(9_000);
    set(&agents, "a", &[&large]).await;
    assert!(counter.note("x".repeat(300)).await.is_err());
    stop(agents).await;
    assert_eq!(stored(folder.path(), "a").unwrap().len(), large.len() + 2);
}

#[tokio::test]
async fn a_backup_has_the_states_that_only_the_log_has() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("b.zip"));
    let agents = start(&data);
    set(&agents, "a", &["1", "2", "3"]).await;
    backup::create(&data, &file).unwrap();
    set(&agents, "a", &["4"]).await;
    stop(agents).await;
    let other = folder.path().join("other");
    backup::restore(&file, &other, Existing::Refuse).unwrap();
    let restored = start(&other);
    assert_eq!(get(&restored, "a").await, "3");
    stop(restored).await;
}
