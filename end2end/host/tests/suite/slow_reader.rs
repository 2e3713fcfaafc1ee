//! One client that does not read costs the others nothing, and the server a bounded amount.

#![cfg(target_os = "linux")]
use serde_json::json;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{self, Client, Lost, Place};

const PATH: &str = "test-state-agent/crowd";
const READERS: usize = 100;

/// Updates that are sent before the readers must have seen them all.
const BATCH: u64 = 10;

/// Updates after which the slow client must be gone: 100 MB and more that it has not read.
const MOST: u64 = 1000;

/// What the server may take more than before: what waits for the slow client (16 MiB), a batch on
/// its way to each reader, and what allocator and database keep.
const MEMORY: u64 = 128 << 20;

/// The beginning of a state frame.
fn begins(count: u64) -> String {
    format!(r#"{{"type":"cf_agent_state","state":{{"count":{count},"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_closed_and_the_others_get_everything_in_order() {
    let place = Place::new();
    let mut host = place.start();
    // It is there, and never read again.
    let mut slow = host.connect(PATH).await;
    slow.next_of("cf_agent_mcp_servers").await;

    let (seen, mut all_seen) = mpsc::unbounded_channel();
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut reader = host.connect(PATH).await;
        reader.next_of("cf_agent_mcp_servers").await;
        readers.push(tokio::spawn(read(reader, seen.clone())));
    }
    drop(seen);
    let mut setter = host.connect(PATH).await;
    setter.next_of("cf_agent_mcp_servers").await;
    assert_eq!(connections(&host).await, READERS + 2);

    let memory = host.memory();
    let text = "x".repeat(100_000);
    let (mut sent, mut after_the_end) = (0, 0);
    while after_the_end < 3 {
        assert!(sent < MOST, "the slow client is still there");
        for _ in 0..BATCH {
            sent += 1;
            let state = json!({"count": sent, "items": [text], "lastUpdated": null});
            setter.send(json!({"type": "cf_agent_state", "state": state})).await;
        }
        for _ in 0..BATCH * READERS as u64 {
            all_seen.recv().await.unwrap();
        }
        let more = host.memory().saturating_sub(memory);
        assert!(more < MEMORY, "{more} bytes more after {sent} updates");
        match connections(&host).await {
            count if count == READERS + 2 => assert_eq!(after_the_end, 0, "nobody came back"),
            count => {
                assert_eq!(count, READERS + 1, "the slow client alone is closed");
                after_the_end += 1;
            }
        }
    }

    // What was written before is in order as well, and then it ends.
    let mut expected = 1;
    while let Ok(Message::Text(text)) = slow.try_next_message().await {
        assert!(text.starts_with(&begins(expected)), "{}", &text[..80]);
        expected += 1;
    }
    assert!(expected > 1 && expected < sent, "{expected}");

    host.assert_answers().await;
    host.kill();
    for reader in readers {
        let (count, _) = reader.await.unwrap();
        assert_eq!(count, sent, "each reader has seen every update");
    }
    place.assert_no_panic();
}

/// Reads updates, each of which is the next one, until the connection ends.
async fn read(mut reader: Client, seen: mpsc::UnboundedSender<()>) -> (u64, Lost) {
    let mut count = 0;
    loop {
        match reader.try_next_message().await {
            Ok(Message::Text(text)) => {
                count += 1;
                assert!(text.starts_with(&begins(count)), "{} after {count}", &text[..80]);
                seen.send(()).unwrap();
            }
            Ok(_) => {}
            Err(lost) => return (count, lost),
        }
    }
}

async fn connections(host: &support::Host) -> usize {
    let (status, body) = host.get(&format!("/agents/{PATH}/connections")).await;
    assert_eq!(status, 200, "{body}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    body["count"].as_u64().unwrap() as usize
}
