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
    let request = Request::post("/agents/conversations/default/import");
    let request = request.body(Body::from(export.to_string())).unwrap();
    let response = test.request(request).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    let ImportResult { conversations, message } = serde_json::from_slice(&body).unwrap();
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
    let kept = test.request(Request::get(url).body(Body::empty()).unwrap()).await;
    assert_eq!(&to_bytes(kept.into_body(), 100).await.unwrap()[..], b"hi");
}
