//! The list of conversations: what is deleted ends, what is imported is there.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use domovoi_app::types::ImportResult;
use domovoi_protocol::Part;
use http::{Request, StatusCode};

use serde_json::{Value, json};

use super::{super::Conversations, *};

#[tokio::test]
async fn what_was_deleted_ends_even_where_nothing_is_scheduled_any_more() {
    let (mut test, _) = start([says("Hello.")]);
    say(&test, "c1", "Hello?").await;
    let list = test.get::<Conversations>("default").unwrap();
    let deleted = list.run(|_, cx| async move {
        cx.update_state(|state| state.conversations[0].deleted_at = Some(0))
    });
    deleted.await.unwrap().unwrap();
    test.crash().await.unwrap();
    let list = test.get::<Conversations>("default").unwrap();
    let listed = || list.run(|_, cx| async move { cx.state().conversations.len() });
    assert_eq!(listed().await.unwrap(), 1);
    test.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(listed().await.unwrap(), 0);
    let assistant = test.get::<Assistant>("c1").unwrap();
    let messages = assistant.run(|_, cx| async move { cx.messages() }).await.unwrap().unwrap();
    assert_eq!(messages, []);
}

#[tokio::test]
async fn an_end_that_fails_is_tried_until_it_succeeds() {
    let (mut test, _) = start([says("Hello.")]);
    say(&test, "c1", "Is the quince ripe?").await;
    let mut client = connect(&test, "conversations").await;
    client.call::<()>("remove", ("c1",)).await.unwrap();
    let list = test.get::<Conversations>("default").unwrap();
    let long_ago = list.run(|_, cx| async move {
        cx.update_state(|state| state.conversations[0].deleted_at = Some(0))
    });
    long_ago.await.unwrap().unwrap();
    // Where the folder of its sub-agents would be is something that cannot be removed as one.
    let folder = test.agents().config().data_dir.join("agents/assistant");
    std::fs::write(folder.join("c1.sub"), "in the way").unwrap();

    test.advance(Duration::from_secs(60)).await.unwrap();
    test.crash().await.unwrap();
    test.advance(Duration::from_secs(3600)).await.unwrap();
    let list = test.get::<Conversations>("default").unwrap();
    let stands = || {
        list.run(
            |_, cx| async move { (cx.state().conversations.len(), cx.runs(None, 100).unwrap()) },
        )
    };
    let (listed, runs) = stands().await.unwrap();
    assert_eq!(listed, 1, "it is not forgotten while something of it is there");
    // All attempts are one run.
    let is_tried = runs.iter().all(|run| run.attempt > 3 && run.error.is_some());
    assert!(!runs.is_empty() && is_tried, "{runs:?}");

    std::fs::remove_file(folder.join("c1.sub")).unwrap();
    test.advance(Duration::from_secs(3600)).await.unwrap();
    let (listed, _) = stands().await.unwrap();
    assert_eq!(listed, 0);
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let mut client = connect(&test, "conversations").await;
    let found: Value = client.call("search", ("quince",)).await.unwrap();
    assert_eq!(found, json!([]));
}

#[tokio::test]
async fn what_an_import_carries_is_kept_and_what_it_does_not_is_said() {
    let (test, _) = start([]);
    let file =
        |url: &str| json!({ "type": "file", "mediaType": "x", "url": url, "filename": "a.txt" });
    let said = |parts: &[Value]| json!({ "id": "m", "role": "user", "parts": parts });
    let text = json!({ "type": "text", "text": "See this." });
    let export = json!({ "domovoi": 1, "conversations": [
        { "title": "One", "messages": [said(&[
            text,
            file("data:text/html;base64,aGk="),
            file("data:application/zip;base64,AAEC/w=="),
            file("/agents/assistant/gone/files/1"),
        ])] },
        { "title": "Two" },
    ] });
    let ImportResult { conversations, message } = import(&test, &export).await;
    assert_eq!(conversations, 1);
    for part in [
        "One conversation",
        "1 entry",
        "missing field `messages`",
        "1 attachment that is not",
        "1 attachment that is no",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let list = test.get::<Conversations>("default").unwrap();
    let id = list.run(|_, cx| async move { cx.state().conversations[0].id.clone() }).await.unwrap();
    let assistant = test.get::<Assistant>(&id).unwrap();
    let messages = assistant.run(|_, cx| async move { cx.messages() }).await.unwrap().unwrap();
    let [Part::Text { .. }, Part::File { url, .. }] = &messages[0].parts[..] else {
        panic!("{messages:?}")
    };
    assert!(url.starts_with(&format!("/agents/assistant/{id}/files/")), "{url}");
    assert_eq!(get(&test, url).await, b"hi");
}

#[tokio::test]
async fn an_export_carries_the_files_and_is_imported_again() {
    let (test, _) = start([]);
    let file = json!({ "type": "file", "mediaType": "x", "url": "data:text/plain,hi", "filename": "a.txt" });
    let said = |parts: &[Value]| json!({ "id": "m", "role": "user", "parts": parts });
    let text = json!({ "type": "text", "text": "See \"this\"." });
    let export = json!({ "domovoi": 1, "conversations": [
        { "title": "{One}", "messages": [said(std::slice::from_ref(&text)), said(&[text.clone(), file])] },
        { "title": "Two", "messages": [said(&[text])] },
    ] });
    assert_eq!(import(&test, &export).await.conversations, 2);
    let all = "/agents/conversations/default/export.json";
    let exported: Value = serde_json::from_slice(&get(&test, all).await).unwrap();
    let mut titles: Vec<_> =
        exported["conversations"].as_array().unwrap().iter().map(|it| &it["title"]).collect();
    titles.sort_by_key(|title| title.to_string());
    assert_eq!(titles, ["Two", "{One}"]);
    let ImportResult { conversations, message } = import(&test, &exported).await;
    assert_eq!((conversations, message.as_str()), (2, "2 conversations were imported."));

    let list = test.get::<Conversations>("default").unwrap();
    let listed = list.run(|_, cx| async move { cx.state().conversations.clone() }).await.unwrap();
    assert_eq!(listed.len(), 4);
    for conversation in listed.iter().filter(|it| it.title == "{One}") {
        let one = format!("/agents/assistant/{}/export.json", conversation.id);
        let one: Value = serde_json::from_slice(&get(&test, &one).await).unwrap();
        let messages = &one["conversations"][0]["messages"];
        assert_eq!(messages.as_array().unwrap().len(), 2);
        assert_eq!(messages[1]["parts"][1]["url"], "data:text/plain;base64,aGk=");
    }
}

async fn import(test: &TestAgents, export: &Value) -> ImportResult {
    let request = Request::post("/agents/conversations/default/import");
    let response = test.request(request.body(Body::from(export.to_string())).unwrap()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

async fn get(test: &TestAgents, path: &str) -> Vec<u8> {
    let response = test.request(Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()
}
