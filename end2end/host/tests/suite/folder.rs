//! Data folders that are taken, unusable, full or damaged: a clear error for whoever asked, and
//! everybody else goes on.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::support::{Client, Host, Place};

#[tokio::test]
async fn a_second_process_is_told_that_the_folder_is_taken() {
    let place = Place::new();
    let mut host = place.start();
    let mut client = host.connect("counter-agent/a").await;
    client.result("increment", json!([])).await;
    assert!(!place.spawn(place.command(&[])).ended().success());
    let said = place.stderr();
    let folder = place.data().display().to_string();
    assert!(said.contains(&folder) && said.contains("in use by another process"), "{said}");
    assert_eq!(client.result("increment", json!([])).await, 2);
    host.assert_answers().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_named() {
    let place = Place::new();
    fs::write(place.data(), "a file").unwrap();
    assert!(!place.spawn(place.command(&[])).ended().success());
    let said = place.stderr();
    let folder = place.data().display().to_string();
    assert!(said.contains(&folder) && said.contains("cannot be used"), "{said}");
    assert_eq!(fs::read_to_string(place.data()).unwrap(), "a file");
    place.assert_no_panic();
}

#[tokio::test]
async fn a_damaged_index_is_kept_aside_and_made_anew() {
    let place = Place::new();
    let host = place.start();
    host.connect("counter-agent/a").await.result("increment", json!([])).await;
    host.kill();
    let index = place.data().join("agents.sqlite3");
    checkpoint(&index);
    let garbage = vec![0xa5; 20_000];
    fs::write(&index, &garbage).unwrap();
    let host = place.start();
    let mut counter = host.connect("counter-agent/a").await;
    assert_eq!(counter.next_of("cf_agent_state").await["state"]["counter"], 1);
    let files = fs::read_dir(place.data()).unwrap().map(|entry| entry.unwrap().path());
    let kept = files.filter(|file| file.is_file() && fs::read(file).unwrap() == garbage);
    assert_eq!(kept.count(), 1, "it is kept aside as it was");
    place.assert_no_panic();
}

#[tokio::test]
async fn agents_whose_folder_is_a_file_answer_with_errors() {
    let place = Place::new();
    fs::create_dir_all(place.data().join("agents")).unwrap();
    fs::write(place.data().join("agents/ledger-agent"), "a file").unwrap();
    // An agent that reads its state alone at the start.
    fs::write(place.data().join("agents/test-readonly-agent"), "a file").unwrap();
    let mut host = place.start();
    assert_cannot_start(&host, "ledger-agent", "a").await;
    assert_cannot_start(&host, "test-readonly-agent", "a").await;
    host.assert_answers().await;
    place.assert_no_panic();
}

/// Files of this size and no larger, in bytes, as a shell's `ulimit` takes it. The hard limit stays.
#[cfg(unix)]
fn full_disk(bytes: u64) -> String {
    format!("ulimit -S -f {}; trap '' XFSZ", bytes / 512)
}

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let place = Place::new();
    let host = place.start();
    host.connect("counter-agent/a").await.result("increment", json!([])).await;
    host.connect("ledger-agent/reader").await.result("write", json!([1])).await;
    host.kill();

    let mut host = place.spawn(place.command_after(&full_disk(400_000), &[])).ready();
    let mut client = host.connect("ledger-agent/writer").await;
    let (mut acknowledged, mut id) = (BTreeSet::new(), 0);
    let text = "x".repeat(10_000);
    let mut errors = 0;
    while errors < 3 {
        id += 1;
        let answer = client.call("write", json!([id, text])).await;
        if answer["success"] == true {
            acknowledged.insert(id);
        } else {
            assert_is_about_the_disk(&answer);
            errors += 1;
        }
    }
    assert!(!acknowledged.is_empty());
    assert_eq!(written(&mut client).await, acknowledged, "it can be read as before");

    // The index fills up as well.
    let mut scheduler = host.connect("ledger-agent/scheduler").await;
    let (mut scheduled, mut errors) = (BTreeSet::new(), 0);
    for id in 1.. {
        let answer = scheduler.call("remind", json!([3600.0 + f64::from(id), id])).await;
        if answer["success"] == true {
            scheduled.insert(i64::from(id));
        } else {
            assert_is_about_the_disk(&answer);
            errors += 1;
            if errors == 3 {
                break;
            }
        }
    }
    assert!(!scheduled.is_empty());

    // Whoever reads does not notice.
    let mut reader = host.connect("ledger-agent/reader").await;
    assert_eq!(written(&mut reader).await, BTreeSet::from([1]));
    let mut counter = host.connect("counter-agent/a").await;
    assert_eq!(counter.next_of("cf_agent_state").await["state"]["counter"], 1);
    host.assert_answers().await;
    host.kill();

    let host = place.start();
    let mut client = host.connect("ledger-agent/writer").await;
    let found = written(&mut client).await;
    assert!(found.is_superset(&acknowledged), "lost: {:?}", acknowledged.difference(&found));
    client.result("write", json!([id + 1, text])).await;
    let mut scheduler = host.connect("ledger-agent/scheduler").await;
    let found: Vec<(i64, f64)> =
        serde_json::from_value(scheduler.result("scheduled", json!([])).await).unwrap();
    let found: BTreeSet<i64> = found.into_iter().map(|(id, _)| id).collect();
    assert!(found.is_superset(&scheduled), "lost: {:?}", scheduled.difference(&found));
    place.assert_no_panic();
}

#[cfg(unix)]
fn assert_is_about_the_disk(answer: &Value) {
    assert_eq!(answer["success"], false, "{answer}");
    assert!(answer["error"].as_str().unwrap().contains("disk"), "{answer}");
}

async fn written(client: &mut Client) -> BTreeSet<i64> {
    serde_json::from_value(client.result("written", json!([0])).await).unwrap()
}

/// What can happen to a file.
type Damage = (&'static str, fn(&Path));

const DAMAGES: [Damage; 6] = [
    ("garbage", |file| fs::write(file, vec![0xa5; 50_000]).unwrap()),
    ("text", |file| fs::write(file, "hello").unwrap()),
    ("truncated", |file| {
        let length = fs::metadata(file).unwrap().len();
        File::options().write(true).open(file).unwrap().set_len(length / 2 + 100).unwrap();
    }),
    ("zeroed-header", |file| overwrite(file, 0, 100)),
    ("zeroed-schema", |file| overwrite(file, 100, 3_000)),
    ("folder", |file| {
        fs::remove_file(file).unwrap();
        fs::create_dir(file).unwrap();
    }),
];

fn overwrite(file: &Path, at: u64, length: usize) {
    let mut file = File::options().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&vec![0; length]).unwrap();
}

#[tokio::test]
async fn damaged_files_are_left_as_they_are() {
    let place = Place::new();
    let host = place.start();
    for (name, _) in DAMAGES {
        let mut client = host.connect(&format!("ledger-agent/{name}")).await;
        for id in 1..=20 {
            client.result("write", json!([id, "x".repeat(3_000)])).await;
        }
        // Due while nothing runs.
        client.result("remind", json!([0.5, 1])).await;
    }
    host.connect("ledger-agent/sound").await.result("write", json!([7])).await;
    host.kill();
    let file = |name: &str| place.file("ledger-agent", name);
    let content = |name: &str| fs::read(file(name)).ok();
    let mut damaged = Vec::new();
    for (name, damage) in DAMAGES {
        checkpoint(&file(name));
        damage(&file(name));
        damaged.push((name, content(name)));
    }

    let begun = now();
    let mut host = place.start();
    for (name, before) in &damaged {
        assert_cannot_start(&host, "ledger-agent", name).await;
        assert_eq!(&content(name), before, "{name} is left as it is");
    }
    let mut sound = host.connect("ledger-agent/sound").await;
    assert_eq!(written(&mut sound).await, BTreeSet::from([7]));
    sound.result("write", json!([8])).await;
    for (name, _) in DAMAGES {
        // Its alarm fires once, and then not for a while.
        postponed(&place.data(), name, begun + 30_000).await;
    }
    host.assert_answers().await;
    host.kill();
    for (name, before) in &damaged {
        assert_eq!(&content(name), before, "{name} is left as it is");
    }
    place.assert_no_panic();
}

#[tokio::test]
async fn damage_in_the_middle_fails_the_call_that_meets_it() {
    let place = Place::new();
    let host = place.start();
    let mut client = host.connect("ledger-agent/a").await;
    for id in 1..=200 {
        client.result("write", json!([id, "x".repeat(3_000)])).await;
    }
    host.kill();
    let file = place.file("ledger-agent", "a");
    checkpoint(&file);
    let length = fs::metadata(&file).unwrap().len();
    overwrite(&file, length / 2, usize::try_from(length / 2).unwrap());

    let mut host = place.start();
    let mut client = host.connect("ledger-agent/a").await;
    let error = client.error("written", json!([0])).await;
    assert!(error.contains("damaged"), "{error}");
    assert_eq!(client.result("fired", json!([0])).await, json!([]), "the rest can be read");
    host.assert_answers().await;
    place.assert_no_panic();
}

/// Writes the log of a database back into its file, as a clean end does.
fn checkpoint(file: &Path) {
    let database = Connection::open(file).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(database);
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    assert!(!PathBuf::from(log).exists());
}

/// The instance answers a socket and a request with an error that says what is wrong.
async fn assert_cannot_start(host: &Host, agent: &str, name: &str) {
    let mut client = host.connect(&format!("{agent}/{name}")).await;
    let frame = client.closed().await.unwrap();
    assert_eq!(u16::from(frame.code), 1011, "{name}: {}", frame.reason);
    assert!(frame.reason.contains("the agent cannot start"), "{name}: {}", frame.reason);
    let (status, body) = host.get(&format!("/agents/{agent}/{name}")).await;
    assert_eq!(status, 500, "{name}: {body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["error"]["code"], "cannot_start", "{name}: {body}");
    let message = body["error"]["message"].as_str().unwrap();
    let says = ["damaged", "unable to open", "cannot be used"];
    assert!(says.iter().any(|what| message.contains(what)), "{name}: {message}");
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Waits until the alarm of an instance is put off to `until` at the earliest.
async fn postponed(data: &Path, name: &str, until: i64) {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let index = Connection::open_with_flags(data.join("agents.sqlite3"), flags).unwrap();
    index.busy_timeout(Duration::from_secs(5)).unwrap();
    loop {
        let due: i64 = index
            .query_row("SELECT due FROM alarms WHERE key = ?1 AND NOT fired", [name], |row| {
                row.get(0)
            })
            .unwrap_or(0);
        if due >= until {
            return;
        }
        // A table tells nobody that it has changed.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
