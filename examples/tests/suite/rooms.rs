use domovoi_agents::rusqlite;
use serde_json::{Value, json};

use crate::{NO_ENDPOINT, observer::Observer, serve, support::Example};

const ROOMS: &str = env!("CARGO_BIN_EXE_rooms");

fn enter(example: &Example, room: &str, name: &str) -> Observer {
    Observer::connect(example.options("rooms", room).query("name", name))
}

#[tokio::test]
async fn people_talk_and_see_who_is_there() {
    let (_folder, example) = serve(ROOMS);
    let mut ada = enter(&example, "lobby", "Ada");
    let first = ada.state(|_| true).await;
    assert_eq!((&first["color"], &first["topic"]), (&json!("#3B82F6"), &json!("")));
    ada.state(|room| room["people"] == json!(["Ada"])).await;
    let mut bob = enter(&example, "lobby", "Bob");
    ada.state(|room| room["people"] == json!(["Ada", "Bob"])).await;
    let _elsewhere = enter(&example, "kitchen", "Eve");

    bob.client.send_text(r#"{"type": "typing"}"#).unwrap();
    assert_eq!(ada.json().await, json!({"type": "typing", "name": "Bob"}));
    bob.client.send_text(r#"{"type": "say", "text": "hello @everyone"}"#).unwrap();
    let said = json!([{"from": "Bob", "text": "hello @everyone"}]);
    ada.state(|room| room["messages"] == said).await;
    assert_eq!(ada.json().await, json!({"type": "bell"}));
    assert_eq!(bob.json().await, json!({"type": "said", "of": 1}), "and no typing of his own");

    bob.client.send_text("nonsense").unwrap();
    assert_eq!(bob.json().await["type"], "bell");
    assert_eq!(bob.json().await["type"], "error");

    bob.client.close();
    let left = ada.state(|room| room["people"] == json!(["Ada"])).await;
    assert_eq!(left["messages"], said);
}

#[tokio::test]
async fn who_may_set_the_state_is_the_agents_decision() {
    let (_folder, example) = serve(ROOMS);
    let mut ada = Observer::connect(
        example.options("rooms", "lobby").query("name", "Ada").query("moderator", ""),
    );
    let mut room = ada.state(|room| room["people"] == json!(["Ada"])).await;
    let mut bob = enter(&example, "lobby", "Bob");
    let mut watcher = Observer::connect(example.options("rooms", "lobby"));
    ada.state(|room| room["people"] == json!(["Ada", "Bob"])).await;
    room["people"] = json!(["Ada", "Bob"]);

    room["topic"] = json!("tea");
    bob.client.set_state(&room).unwrap();
    assert_eq!(bob.state_error().await, "State update rejected");
    watcher.client.set_state(&room).unwrap();
    assert_eq!(watcher.state_error().await, "Connection is readonly");
    watcher.client.send_text(r#"{"type": "typing"}"#).unwrap();
    assert_eq!(watcher.json().await["error"], "who watches says nothing");

    ada.client.set_state(&room).unwrap();
    watcher.state(|room| room["topic"] == "tea").await;
    assert_eq!(ada.json().await, json!({"type": "changed", "by": "Ada"}));
    room["topic"] = json!("tea".repeat(30));
    ada.client.set_state(&room).unwrap();
    assert_eq!(ada.state_error().await, "State update rejected");
}

#[tokio::test]
async fn an_older_state_is_migrated() {
    let (folder, example) = serve(ROOMS);
    let mut ada = enter(&example, "old", "Ada");
    ada.state(|room| room["people"] == json!(["Ada"])).await;
    drop(example);
    let file = folder.path().join("agents/rooms/old.sqlite3");
    let database = rusqlite::Connection::open(file).unwrap();
    database.execute("UPDATE domovoi_state SET value = '\"cake\"'", []).unwrap();
    drop(database);
    let example = Example::serve(ROOMS, folder.path(), NO_ENDPOINT);
    let mut watcher = Observer::connect(example.options("rooms", "old"));
    let room: Value = watcher.state(|_| true).await;
    assert_eq!(room["topic"], "cake");
    assert_eq!(room["people"], json!([]), "those of the earlier process are gone");
}
