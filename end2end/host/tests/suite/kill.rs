//! `kill -9` at any moment, again and again, under load: nothing that was acknowledged is lost.
//!
//! `DOMOVOI_TEST_SEED` repeats a run, as far as its timing lets it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use fastrand::Rng;
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, Host, Lost, Place, connect, files_below};

/// Two connections each.
const COUNTERS: [&str; 3] = ["a", "b", "c"];

/// One connection that writes and one that schedules. In each round there is one more, which is
/// left alone afterwards: only its alarm on disk can wake it.
const LEDGERS: [&str; 2] = ["one", "two"];

/// Delay of a schedule that is not to fire during the test, in seconds.
const LONG: f64 = 3600.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost() {
    rounds(200, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_where_writes_are_synced() {
    rounds(15, &["--power"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_cut_says_why() {
    let place = Place::new();
    let host = place.start();
    // Of the second answer nothing is there when the server ends.
    let orders = [("cut", "gen tokens=2 pace=1 hold=600000"), ("mute", "gen tokens=1 wait=600000")];
    for (name, order) in orders {
        let mut client = host.connect(&format!("bench-chat-agent/{name}")).await;
        client.send(ask(name, order)).await;
        // What is to have been written, or that the turn runs.
        let sign = if name == "cut" { "tok1" } else { "start" };
        while !client.next_of(RESPONSE).await["body"].as_str().unwrap().contains(sign) {}
    }
    host.kill();

    let host = place.start();
    for (name, kept) in [("cut", 2), ("mute", 1)] {
        let path = format!("/agents/bench-chat-agent/{name}/get-messages");
        let messages: Value = serde_json::from_str(&host.get(&path).await.1).unwrap();
        let messages = messages.as_array().unwrap();
        assert_eq!(messages.len(), kept, "{messages:?}");
        if let Some(answer) = messages.get(1) {
            assert_eq!(answer["metadata"]["turn"], json!({"outcome": "interrupted", "error": CUT}));
        }
        // The request that the client sends again, since it does not know.
        let mut client = host.connect(&format!("bench-chat-agent/{name}")).await;
        client.send(ask(name, "gen tokens=1")).await;
        let failed = client.next_of(RESPONSE).await;
        assert_eq!((&failed["error"], &failed["body"]), (&json!(true), &json!(CUT)));
        let done = client.next_of(RESPONSE).await;
        assert_eq!((&done["done"], &done["outcome"]), (&json!(true), &json!("error")));
    }
    host.kill();
    place.assert_no_panic();
}

/// Type of the frames of an answer.
const RESPONSE: &str = "cf_agent_use_chat_response";

/// What a person reads of an answer that was cut.
const CUT: &str = "The server stopped while answering. Please try again.";

fn ask(id: &str, text: &str) -> Value {
    let message = json!({"id": "q", "role": "user", "parts": [{"type": "text", "text": text}]});
    let body = json!({"messages": [message], "trigger": "submit-message"});
    let init = json!({"method": "POST", "body": body.to_string()});
    json!({"type": "cf_agent_use_chat_request", "id": id, "init": init})
}

/// What the clients have asked for, and what they were told.
#[derive(Default)]
struct Model {
    next_id: AtomicI64,
    counts: Mutex<BTreeMap<String, Count>>,
    ledgers: Mutex<BTreeMap<String, Ledger>>,
}

/// A number that only grows.
#[derive(Default)]
struct Count {
    acknowledged: i64,
    sent: i64,
}

#[derive(Default)]
struct Ledger {
    sent: BTreeSet<i64>,
    /// Writes that have not been seen on disk yet.
    written: BTreeSet<i64>,
    /// All writes up to this one have been seen.
    verified: i64,
    /// Acknowledged schedules that have not been seen to fire, and when they are due.
    waiting: BTreeMap<i64, f64>,
    /// Those of them that are not to fire.
    long: BTreeSet<i64>,
}

impl Model {
    fn new_id(&self) -> i64 {
        self.next_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Changes what is known of the number at this address.
    fn count(&self, path: &str, change: impl FnOnce(&mut Count)) {
        change(lock(&self.counts).entry(path.to_owned()).or_default());
    }

    fn ledger<T>(&self, name: &str, change: impl FnOnce(&mut Ledger) -> T) -> T {
        change(lock(&self.ledgers).entry(name.to_owned()).or_default())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// Says the seed where the test fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("DOMOVOI_TEST_SEED={} repeats this run", self.0);
        }
    }
}

async fn rounds(rounds: u32, args: &[&str]) {
    let seed = std::env::var("DOMOVOI_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = Seed(seed.unwrap_or_else(|| fastrand::u64(..)));
    let mut rng = Rng::with_seed(seed.0);
    let place = Place::new();
    let model = Arc::new(Model::default());
    for round in 0..rounds {
        if rng.u8(..10) == 0 {
            let starting = place.spawn(place.command(args));
            sleep(Duration::from_micros(rng.u64(..20_000))).await;
            starting.kill();
        }
        let host = place.start_with(args);
        verify(&host, &model).await;
        let load = load(&host, &model, round, &mut rng);
        sleep(Duration::from_micros(rng.u64(1_000..150_000))).await;
        host.kill();
        for client in load {
            // It has lost its connection; a failed assertion is another matter.
            let _: Result<(), Lost> = client.await.unwrap();
        }
    }
    let host = place.start_with(args);
    verify(&host, &model).await;
    let ledgers: Vec<String> = lock(&model.ledgers).keys().cloned().collect();
    for ledger in &ledgers {
        all_fire(&host, &model, ledger).await;
        verify_ledger(&host, &model, ledger).await;
    }
    host.kill();
    place.assert_no_panic();
    check_files(&place.data());
    let counts = lock(&model.counts);
    let increments: i64 = counts.values().map(|count| count.acknowledged).sum();
    let ids = model.next_id.load(Ordering::Relaxed);
    eprintln!("{rounds} rounds: {increments} increments, {ids} writes and schedules");
    assert!(increments > i64::from(rounds) && ids > i64::from(rounds), "there was no load");
}

type Load = Vec<tokio::task::JoinHandle<Result<(), Lost>>>;

fn load(host: &Host, model: &Arc<Model>, round: u32, rng: &mut Rng) -> Load {
    let mut load = Vec::new();
    let mut spawn = |client: LoadingClient| load.push(tokio::spawn(client));
    let fresh = format!("fresh-{round}");
    for name in COUNTERS.into_iter().chain(COUNTERS).chain([&*fresh]) {
        let path = format!("counter-agent/{name}");
        spawn(Box::pin(increment(host.address.clone(), path, Arc::clone(model), rng.fork())));
    }
    for name in LEDGERS {
        let address = || host.address.clone();
        spawn(Box::pin(write(address(), name, Arc::clone(model))));
        spawn(Box::pin(remind(
            address(),
            name.to_owned(),
            usize::MAX,
            Arc::clone(model),
            rng.fork(),
        )));
    }
    let most = rng.usize(1..10);
    spawn(Box::pin(remind(host.address.clone(), fresh, most, Arc::clone(model), rng.fork())));
    spawn(Box::pin(set_state(host.address.clone(), Arc::clone(model))));
    load
}

type LoadingClient = std::pin::Pin<Box<dyn Future<Output = Result<(), Lost>> + Send>>;

async fn increment(
    address: String,
    path: String,
    model: Arc<Model>,
    mut rng: Rng,
) -> Result<(), Lost> {
    let mut client = connect(&address, &path).await?;
    loop {
        let burst = rng.u32(1..=8);
        for _ in 0..burst {
            model.count(&path, |count| count.sent += 1);
            client.try_send_call("increment", json!([])).await?;
        }
        for _ in 0..burst {
            let answer = client.try_next_of("rpc").await?;
            let value = answer["result"].as_i64().unwrap_or_else(|| panic!("{answer}"));
            model.count(&path, |count| count.acknowledged = count.acknowledged.max(value));
        }
    }
}

/// One connection sets the state and another one sees it: that is its acknowledgement.
async fn set_state(address: String, model: Arc<Model>) -> Result<(), Lost> {
    let path = "test-state-agent/states";
    let mut setter = connect(&address, path).await?;
    let mut watcher = connect(&address, path).await?;
    let mut value =
        watcher.try_next_of("cf_agent_state").await?["state"]["count"].as_i64().unwrap();
    loop {
        value += 1;
        model.count(path, |count| count.sent = value);
        let state = json!({"count": value, "items": ["x"], "lastUpdated": null});
        let frame = json!({"type": "cf_agent_state", "state": state});
        setter.try_send(Message::text(frame.to_string())).await?;
        assert_eq!(watcher.try_next_of("cf_agent_state").await?["state"], state);
        model.count(path, |count| count.acknowledged = value);
    }
}

async fn write(address: String, name: &'static str, model: Arc<Model>) -> Result<(), Lost> {
    let mut client = connect(&address, &format!("ledger-agent/{name}")).await?;
    loop {
        let id = model.new_id();
        model.ledger(name, |ledger| ledger.sent.insert(id));
        succeeded(&client.try_call("write", json!([id])).await?);
        model.ledger(name, |ledger| ledger.written.insert(id));
    }
}

async fn remind(
    address: String,
    name: String,
    most: usize,
    model: Arc<Model>,
    mut rng: Rng,
) -> Result<(), Lost> {
    let mut client = connect(&address, &format!("ledger-agent/{name}")).await?;
    for _ in 0..most {
        let id = model.new_id();
        let seconds = match rng.u8(..20) {
            0 => LONG,
            1..4 => 2.0 * rng.f64(),
            4..8 => 0.0,
            _ => 0.1 * rng.f64(),
        };
        model.ledger(&name, |ledger| {
            ledger.sent.insert(id);
            if seconds == LONG {
                ledger.long.insert(id);
            }
        });
        let answer = client.try_call("remind", json!([seconds, id])).await?;
        succeeded(&answer);
        model.ledger(&name, |ledger| ledger.waiting.insert(id, answer["result"].as_f64().unwrap()));
    }
    Ok(())
}

fn succeeded(answer: &Value) {
    assert_eq!(answer["success"], true, "{answer}");
}

/// Compares what is there with what was acknowledged since this was last done.
async fn verify(host: &Host, model: &Arc<Model>) {
    let counts = std::mem::take(&mut *lock(&model.counts));
    for (path, Count { acknowledged, sent }) in counts {
        let mut client = host.connect(&path).await;
        let state = client.next_of("cf_agent_state").await;
        let state = &state["state"];
        let value = state["counter"].as_i64().or(state["count"].as_i64()).unwrap();
        assert!(value >= acknowledged, "{path}: {acknowledged} was acknowledged, {value} is there");
        assert!(value <= sent, "{path}: {sent} were sent, {value} is there");
        // A fresh instance of one round is not looked at again.
        if !path.contains("fresh") {
            model.count(&path, |count| *count = Count { acknowledged: value, sent: value });
        }
    }
    for name in LEDGERS {
        verify_ledger(host, model, name).await;
    }
}

async fn verify_ledger(host: &Host, model: &Arc<Model>, name: &str) {
    let mut client = host.connect(&format!("ledger-agent/{name}")).await;
    verify_written(&mut client, model, name).await;
    verify_schedules(&mut client, model, name).await;
}

async fn verify_written(client: &mut Client, model: &Arc<Model>, name: &str) {
    let after = model.ledger(name, |ledger| ledger.verified);
    let found = client.result("written", json!([after])).await;
    let found: BTreeSet<i64> = serde_json::from_value(found).unwrap();
    model.ledger(name, |ledger| {
        let lost: Vec<_> = ledger.written.difference(&found).collect();
        assert!(lost.is_empty(), "{name}: acknowledged writes are lost: {lost:?}");
        let invented: Vec<_> = found.difference(&ledger.sent).collect();
        assert!(invented.is_empty(), "{name}: nobody has written {invented:?}");
        ledger.written.clear();
        ledger.verified = found.last().copied().unwrap_or(after);
    });
}

async fn verify_schedules(client: &mut Client, model: &Arc<Model>, name: &str) {
    // In this order: what fires in between is seen as scheduled, as fired, or as both.
    let scheduled = client.result("scheduled", json!([])).await;
    let scheduled: BTreeMap<i64, f64> =
        serde_json::from_value::<Vec<_>>(scheduled).unwrap().into_iter().collect();
    let fired = fired(client, model, name).await;
    model.ledger(name, |ledger| {
        for (id, due) in &ledger.waiting {
            match scheduled.get(id) {
                Some(at) => assert_eq!(at, due, "{name}: {id} is due at another time"),
                None => assert!(fired.contains(id), "{name}: schedule {id} is lost"),
            }
        }
        for id in &fired {
            assert!(ledger.sent.contains(id), "{name}: nobody has scheduled {id}");
            assert!(!ledger.long.contains(id), "{name}: {id} has fired too early");
            ledger.waiting.remove(id);
        }
    });
}

/// What has fired, as far as somebody waits for it.
async fn fired(client: &mut Client, model: &Arc<Model>, name: &str) -> BTreeSet<i64> {
    let first = model
        .ledger(name, |ledger| ledger.waiting.keys().copied().find(|id| !ledger.long.contains(id)));
    let fired = client.result("fired", json!([first.unwrap_or(i64::MAX) - 1])).await;
    let fired: Vec<(i64, u64)> = serde_json::from_value(fired).unwrap();
    fired.into_iter().map(|(id, _)| id).collect()
}

/// Waits until every schedule has fired that is to do so during the test.
async fn all_fire(host: &Host, model: &Arc<Model>, name: &str) {
    let mut client = host.connect(&format!("ledger-agent/{name}")).await;
    let fired = fired(&mut client, model, name).await;
    let mut awaited: BTreeSet<i64> = model.ledger(name, |ledger| {
        ledger.waiting.keys().copied().filter(|id| !ledger.long.contains(id)).collect()
    });
    awaited.retain(|id| !fired.contains(id));
    while !awaited.is_empty() {
        let frame: Value = serde_json::from_str(&client.next_other().await).unwrap();
        awaited.remove(&frame["fired"].as_i64().unwrap());
    }
}

/// Every database is sound, and whatever waits in one has an alarm that is early enough.
fn check_files(data: &Path) {
    let index = Connection::open(data.join("agents.sqlite3")).unwrap();
    let mut seen = 0;
    for file in files_below(&data.join("agents")) {
        if file.extension().is_none_or(|extension| extension != "sqlite3") {
            continue;
        }
        if fs::metadata(&file).unwrap().len() == 0 && !wal(&file).exists() {
            // The process ended between the creation of the file and its first page.
            continue;
        }
        let database = Connection::open(&file).unwrap();
        let verdict: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok", "{}", file.display());
        let agent = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let key = file.file_stem().unwrap().to_str().unwrap();
        let known: bool = index
            .query_row(
                "SELECT count(*) FROM instances WHERE agent = ?1 AND key = ?2",
                [agent, key],
                |row| row.get(0),
            )
            .unwrap();
        assert!(known, "{} is not in the index", file.display());
        check_alarm(&index, &database, agent, key);
        seen += 1;
    }
    assert!(seen > LEDGERS.len() + COUNTERS.len());
}

fn wal(file: &Path) -> std::path::PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn check_alarm(index: &Connection, database: &Connection, agent: &str, key: &str) {
    let has_tables: bool = database
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'domovoi_runs'", [], |row| {
            row.get(0)
        })
        .unwrap();
    if !has_tables {
        return;
    }
    let next: Option<i64> = database
        .query_row(
            "SELECT min(due) FROM (
               SELECT due FROM domovoi_schedules WHERE waiting
               UNION ALL SELECT 0 FROM domovoi_runs WHERE status = 'running'
               UNION ALL SELECT not_before FROM domovoi_runs WHERE status = 'retrying')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let alarm: Option<(i64, bool)> = index
        .query_row(
            "SELECT due, open FROM alarms WHERE agent = ?1 AND key = ?2",
            [agent, key],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .unwrap();
    if let Some(next) = next {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        let (due, open) = alarm.unwrap_or_else(|| panic!("{agent}/{key} would never wake"));
        let early = open || due <= next.max(i64::try_from(now).unwrap());
        assert!(early, "{agent}/{key} would wake at {due}, and something is due at {next}");
    }
}
