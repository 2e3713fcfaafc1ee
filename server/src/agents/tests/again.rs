//! One answer by another model: no other turn is.

use domovoi_agents::chat::TurnOutcome;
use domovoi_app::types::ANSWER_BY;
use domovoi_protocol::{
    ClientFrame, ServerFrame, UiMessage,
    chat::{ChatBody, ChatRequest, Outcome, Trigger},
};
use serde_json::{Map, Value, json};

use super::{folders::start_two, *};

/// Asks again for an answer to this question, and waits for the end of it; the error where it failed.
async fn again(
    client: &mut TestClient,
    id: &str,
    question: &UiMessage,
    wish: Value,
) -> Result<(), String> {
    let body = ChatBody {
        messages: vec![question.clone()],
        trigger: Trigger::RegenerateMessage,
        client_tools: None,
        custom: Map::from_iter([(ANSWER_BY.to_owned(), wish)]),
    };
    client.send_frame(&ClientFrame::ChatRequest(ChatRequest::new(id, &body)));
    let mut error = None;
    loop {
        let ServerFrame::ChatResponse(response) = client.frame().await.unwrap() else { continue };
        if response.id == id && response.done {
            let failed = response.outcome == Some(Outcome::Error);
            return if failed { Err(error.unwrap_or_default()) } else { Ok(()) };
        }
        if response.id == id && response.error == Some(true) {
            error = Some(response.body);
        }
    }
}

#[tokio::test]
async fn one_answer_is_made_by_another_model() {
    let (test, plain, careful) = start_two();
    say(&test, "talk", "May I?").await;
    let mut client = test.connect("assistant/talk").await.unwrap();
    let assistant = test.get::<Assistant>("talk").unwrap();
    let messages = || assistant.run(|_, cx| async move { cx.messages() });
    let question = messages().await.unwrap().unwrap()[0].clone();

    let wish = json!({ "route": "careful", "question": question.id });
    again(&mut client, "one", &question, wish).await.unwrap();
    assert_eq!((plain.requests().len(), careful.requests().len()), (1, 1));
    assert_eq!(messages().await.unwrap().unwrap().len(), 2);
    let versions = http::Request::get("/agents/assistant/talk/get-versions");
    let versions = test.request(versions.body(axum::body::Body::empty()).unwrap()).await;
    let versions = axum::body::to_bytes(versions.into_body(), 10_000).await.unwrap();
    let versions: Value = serde_json::from_slice(&versions).unwrap();
    assert_eq!(versions[0]["versions"].as_array().map(Vec::len), Some(2), "{versions}");
    // A reminder takes over what came with the newest request.
    assert_eq!(say(&test, "talk", "It is time.").await.outcome, TurnOutcome::Completed);
    assert_eq!((plain.requests().len(), careful.requests().len()), (2, 1));

    for (id, route) in [("two", json!("none")), ("three", json!(5)), ("four", Value::Null)] {
        let wish = json!({ "route": route, "question": question.id });
        let error = again(&mut client, id, &question, wish).await.unwrap_err();
        assert!(error.contains("careful") && error.contains("model"), "{error}");
    }
    assert_eq!((plain.requests().len(), careful.requests().len()), (2, 1));
}
