use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::{observer::Observer, serve};

#[tokio::test]
async fn reminds_after_a_delay_at_a_date_and_in_turn() {
    let (_folder, example) = serve(env!("CARGO_BIN_EXE_reminders"));
    let mut me = Observer::connect(example.options("reminders", "me"));
    let schedule: Value = me.client.call("remindIn", (0.05, "tea")).await.unwrap();
    assert_eq!((&schedule["type"], &schedule["callback"]), (&json!("delayed"), &json!("remind")));
    assert_eq!(me.text().await, "reminder: tea");
    let date = SystemTime::now() + Duration::from_millis(50);
    let date = date.duration_since(UNIX_EPOCH).unwrap().as_millis();
    let schedule: Value =
        me.client.call("remindAt", (u64::try_from(date).unwrap(), "cake")).await.unwrap();
    assert_eq!(schedule["type"], "scheduled");
    assert_eq!(me.text().await, "reminder: cake");
    let queued: Vec<Value> =
        me.client.call("remindInTurn", (json!(["one", "two", "three"]),)).await.unwrap();
    assert_eq!(queued.len(), 3);
    for text in ["reminder: one", "reminder: two", "reminder: three"] {
        assert_eq!(me.text().await, text);
    }
    let gone: bool = me.client.call("dequeue", queued[0]["id"].as_str()).await.unwrap();
    assert!(!gone);
}

#[tokio::test]
async fn schedules_are_found_and_cancelled() {
    let (_folder, example) = serve(env!("CARGO_BIN_EXE_reminders"));
    let me = Observer::connect(example.options("reminders", "me")).client;
    let hour: Value = me.call("remindIn", (3600, "later")).await.unwrap();
    let day: Value = me.call("remindIn", (86400, "tomorrow")).await.unwrap();
    let cron: Value =
        me.call("remindBy", ("0 8 * * MON-FRI", "Europe/Prague", "report")).await.unwrap();
    assert_eq!((&cron["type"], &cron["timezone"]), (&json!("cron"), &json!("Europe/Prague")));
    let again: Value =
        me.call("remindBy", ("0 8 * * MON-FRI", "Europe/Prague", "report")).await.unwrap();
    assert_eq!(again["id"], cron["id"], "the same schedule");
    let error = me.call::<Value>("remindBy", ("0 25 * * *", (), "x")).await.unwrap_err();
    assert!(error.to_string().contains("0 25 * * *"), "{error}");

    let all: Vec<Value> = me.call("list", ()).await.unwrap();
    assert_eq!(all.len(), 3);
    let soon: Vec<Value> = me.call("dueWithin", 7200).await.unwrap();
    assert!(soon.contains(&hour) && !soon.contains(&day));
    let found: Option<Value> = me.call("find", day["id"].as_str()).await.unwrap();
    assert_eq!(found, Some(day.clone()));
    assert!(me.call::<bool>("cancel", day["id"].as_str()).await.unwrap());
    assert!(!me.call::<bool>("cancel", day["id"].as_str()).await.unwrap());
    assert_eq!(me.call::<usize>("cancelAll", "cron").await.unwrap(), 1);
    assert_eq!(me.call::<Vec<Value>>("list", ()).await.unwrap(), [hour]);
}

#[tokio::test]
async fn intervals_repeat_and_failures_are_tried_again() {
    let (_folder, example) = serve(env!("CARGO_BIN_EXE_reminders"));
    let mut me = Observer::connect(example.options("reminders", "me"));
    let first: Value = me.client.call("reportEvery", 0.05).await.unwrap();
    let second: Value = me.client.call("reportEvery", 0.05).await.unwrap();
    assert_eq!(first["id"], second["id"]);
    me.state(|done| done["reports"].as_u64() >= Some(3)).await;

    let letter = json!({"to": "Ada", "text": "hello"});
    let schedule: Value = me.client.call("deliverSoon", (letter,)).await.unwrap();
    me.state(|done| done["delivered"] == json!(["hello"])).await;
    let runs = history(&me, &schedule).await;
    assert_eq!((&runs[0]["status"], &runs[0]["attempt"]), (&json!("succeeded"), &json!(3)));

    let letter = json!({"to": "", "text": "to nobody"});
    let schedule: Value = me.client.call("deliverSoon", (letter,)).await.unwrap();
    let runs = history(&me, &schedule).await;
    assert_eq!((&runs[0]["status"], &runs[0]["attempt"]), (&json!("failed"), &json!(1)));
    assert_eq!(runs[0]["error"], "nobody to deliver it to");
}

/// The runs of a schedule, once the last one has ended.
async fn history(me: &Observer, schedule: &Value) -> Vec<Value> {
    loop {
        let runs: Vec<Value> = me.client.call("history", schedule["id"].as_str()).await.unwrap();
        if runs.first().is_some_and(|run| !run["finishedAt"].is_null()) {
            return runs;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
