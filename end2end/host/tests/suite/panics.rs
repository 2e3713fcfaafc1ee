//! A handler that panics fails its own call; the instance keeps its state and goes on.

use serde_json::json;

use crate::support::{Client, Host, Place};

/// The instance is the one it was: it counts on.
async fn assert_goes_on(host: &mut Host, client: &mut Client, count: i64) {
    assert_eq!(client.result("increment", json!([])).await, count);
    let (status, body) = host.get("/agents/panicking-agent/a").await;
    assert_eq!((status, body), (200, count.to_string()));
    host.assert_answers().await;
}

async fn begun(host: &Host) -> Client {
    let mut client = host.connect("panicking-agent/a").await;
    assert_eq!(client.result("increment", json!([])).await, 1);
    client
}

#[tokio::test]
async fn in_methods() {
    let place = Place::new();
    let mut host = place.start();
    let mut client = begun(&host).await;
    let mut count = 1;
    for method in ["panicAtOnce", "panicLater", "panicInEdit", "panicInTransaction"] {
        let error = client.error(method, json!([])).await;
        assert_eq!(error, "The call ended without an answer", "{method}");
        count += 1;
        assert_goes_on(&mut host, &mut client, count).await;
    }
    // What was committed stays, what was not is gone.
    assert_eq!(client.result("tables", json!([])).await, json!(["before_the_panic"]));

    client.send(json!({"type": "rpc", "id": "s", "method": "panicInStream", "args": []})).await;
    assert_eq!(client.next_of("rpc").await["result"], "one");
    let end = client.next_of("rpc").await;
    assert_eq!((&end["success"], &end["id"]), (&json!(false), &json!("s")), "{end}");
    assert_goes_on(&mut host, &mut client, count + 1).await;

    let answer = client.result("panicInTask", json!([])).await;
    assert_eq!(answer, json!(null), "the method itself has not failed");
    assert_goes_on(&mut host, &mut client, count + 2).await;

    // Nothing of all this has cost what is on disk.
    host.kill();
    let mut host = place.start();
    let mut client = host.connect("panicking-agent/a").await;
    assert_goes_on(&mut host, &mut client, count + 3).await;
}

#[tokio::test]
async fn in_the_handlers_of_a_connection() {
    let place = Place::new();
    let mut host = place.start();
    let mut client = begun(&host).await;

    client.send_text("panic").await;
    client.send_text("after it").await;
    assert_eq!(client.next_other().await, "after it");

    // Nobody knows what `on_connect` would have decided.
    let mut refused = host.connect("panicking-agent/a?panic=1").await;
    let frame = refused.closed().await.unwrap();
    assert_eq!(u16::from(frame.code), 1011, "{}", frame.reason);

    let mut closing = host.connect("panicking-agent/a?panic-at-close=1").await;
    closing.next_of("cf_agent_state").await;
    closing.socket.close(None).await.unwrap();
    closing.closed().await;

    assert_goes_on(&mut host, &mut client, 2).await;
}

#[tokio::test]
async fn in_requests() {
    let place = Place::new();
    let mut host = place.start();
    let mut client = begun(&host).await;
    let (status, body) = host.get("/agents/panicking-agent/a/panic").await;
    assert_eq!(status, 500, "{body}");
    assert!(body.contains("panicked"), "{body}");
    assert_goes_on(&mut host, &mut client, 2).await;
}

#[tokio::test]
async fn around_the_state() {
    let place = Place::new();
    let mut host = place.start();
    let mut client = begun(&host).await;
    let mut watcher = host.connect("panicking-agent/a").await;
    assert_eq!(watcher.next_of("cf_agent_state").await["state"]["count"], 1);

    // It is stored by the time `on_state_update` hears of it.
    client.send(json!({"type": "cf_agent_state", "state": {"count": -2}})).await;
    assert_eq!(watcher.next_of("cf_agent_state").await["state"]["count"], -2);
    assert_goes_on(&mut host, &mut client, -1).await;

    client.send(json!({"type": "cf_agent_state", "state": {"count": 5}})).await;
    client.send(json!({"type": "cf_agent_state", "state": {"count": -100}})).await;
    let error = client.next_of("cf_agent_state_error").await;
    assert_eq!(error["error"], "State update rejected");
    assert_goes_on(&mut host, &mut client, 6).await;
}

#[tokio::test]
async fn in_tasks() {
    let place = Place::new();
    let mut host = place.start();
    let mut client = begun(&host).await;
    for (method, mark) in [("schedulePanic", 10), ("queuePanic", 20)] {
        client.result(method, json!([mark])).await;
        // It counts as a failed attempt, and there is another one.
        assert_eq!(client.next_other().await, format!("second attempt of {mark}"));
        assert_goes_on(&mut host, &mut client, mark + 1).await;
    }
}

#[tokio::test]
async fn at_the_start() {
    let place = Place::new();
    let mut host = place.start();
    for _ in 0..2 {
        let mut client = host.connect("panicking-agent/never-starts").await;
        let frame = client.closed().await.unwrap();
        assert_eq!(u16::from(frame.code), 1011);
        assert!(frame.reason.contains("panicked"), "{}", frame.reason);
    }
    let (status, body) = host.get("/agents/panicking-agent/never-starts").await;
    assert!(status == 500 && body.contains("cannot_start"), "{status} {body}");
    let mut client = begun(&host).await;
    assert_goes_on(&mut host, &mut client, 2).await;
}
