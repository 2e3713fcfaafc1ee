//! The OpenAI-compatible provider against what endpoints really send.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use domovoi_models::openai::{OpenAiConfig, OpenAiModel};
use domovoi_models::{
    FinishReason, LanguageModel, ModelError, ModelEvent, ModelRequest, ToolCall, Usage,
};
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::support::{
    self,
    http::{Server, closed_port, open_stream, response, whole_stream},
};
use crate::support::{ask, reply};

type Events = Vec<Result<ModelEvent, ModelError>>;

fn model_at(url: &str) -> OpenAiModel {
    let api_key = Some("sk-secret".to_owned());
    OpenAiModel::new(OpenAiConfig { base_url: format!("{url}/v1/"), api_key, model: "m".into() })
        .unwrap()
}

/// The events of a reply whose bytes on the wire are these.
async fn events_of(bytes: String) -> Events {
    let server = Server::answering(bytes).await;
    reply(&model_at(&server.url), ask("Hi", 9)).await.unwrap()
}

/// The error of a reply that does not start.
async fn refusal_of(bytes: String) -> ModelError {
    let server = Server::answering(bytes).await;
    let error = reply(&model_at(&server.url), ask("Hi", 9)).await.unwrap_err();
    assert_eq!(server.requests.load(Ordering::SeqCst), 1, "nothing is tried again");
    error
}

fn oks(events: Events) -> Vec<ModelEvent> {
    events.into_iter().map(Result::unwrap).collect()
}

fn text(text: &str) -> ModelEvent {
    ModelEvent::Text(text.into())
}

#[tokio::test]
async fn text_reasoning_tools_and_usage_arrive() {
    let events = events_of(whole_stream(&[
        r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
        r#"{"choices":[{"delta":{"reasoning_content":"Hm."}}]}"#,
        r#"{"choices":[{"delta":{"reasoning":" So."}}]}"#,
        r#"{"choices":[{"delta":{"content":"Grüße"}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#,
        "[DONE]",
    ]))
    .await;
    let call = ToolCall { id: "c1".into(), name: "f".into(), arguments: "{\"x\":1}".into() };
    let usage = Some(Usage { input_tokens: 3, output_tokens: 4 });
    assert_eq!(
        oks(events),
        [
            ModelEvent::Reasoning("Hm.".into()),
            ModelEvent::Reasoning(" So.".into()),
            text("Grüße"),
            ModelEvent::ToolCallStart { id: "c1".into(), name: "f".into() },
            ModelEvent::ToolCallDelta { id: "c1".into(), delta: "{\"x\":".into() },
            ModelEvent::ToolCallDelta { id: "c1".into(), delta: "1}".into() },
            ModelEvent::ToolCall(call),
            ModelEvent::Finish { reason: FinishReason::ToolCalls, usage },
        ]
    );
}

#[tokio::test]
async fn the_request_carries_key_model_and_question() {
    let seen = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&seen);
    let server = Server::start(move |request, socket| {
        *keep.lock().unwrap() = Some((request.head, request.body));
        let bytes = whole_stream(&[r#"{"choices":[{"finish_reason":"length"}]}"#]);
        async move { support::http::write(socket, bytes.as_bytes()).await }
    })
    .await;
    let events = reply(&model_at(&server.url), ask("Hi", 9)).await.unwrap();
    let finish = ModelEvent::Finish { reason: FinishReason::Length, usage: None };
    assert_eq!(oks(events), [finish]);
    let (head, body) = seen.lock().unwrap().take().unwrap();
    assert!(head.starts_with("post /v1/chat/completions http/1.1"), "{head}");
    assert!(head.contains("\r\nauthorization: bearer sk-secret"), "{head}");
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["model"], "m");
    assert_eq!(body["messages"][0]["content"], "Hi");
}

#[tokio::test]
async fn a_refused_key_says_so_without_the_key() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let body = r#"{"error":{"message":"Incorrect API key provided: sk-secret"}}"#;
        let error = refusal_of(response(status, "application/json", body)).await;
        assert!(matches!(error, ModelError::Unauthorized { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("sk-secret"));
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let error = reply(&model_at(&closed_port().await), ask("Hi", 9)).await.unwrap_err();
    assert!(matches!(error, ModelError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn errors_are_passed_on_once_and_without_the_key() {
    for (code, body, expected) in [
        ("500 Internal Server Error", "oops", "Internal Server Error (HTTP 500)"),
        ("503 Service Unavailable", r#"{"error":{"message":"Full"}}"#, "Full (HTTP 503)"),
        ("404 Not Found", r#"{"error":"no model sk-secret"}"#, "no model [API key] (HTTP 404)"),
    ] {
        match refusal_of(response(code, "application/json", body)).await {
            ModelError::Provider { message, status } => {
                assert_eq!(message, expected);
                assert_eq!(status, code[..3].parse().ok());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_limit_of_the_provider_says_when_to_try_again() {
    let body = r#"{"error":{"message":"Slow down."}}"#;
    let plain = response("429 Too Many Requests", "application/json", body);
    let later = plain.replacen("\r\n", "\r\nRetry-After: 20\r\n", 1);
    let error = refusal_of(plain).await;
    assert!(matches!(&error, ModelError::RateLimited { retry_after: None, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "The model provider is asked too often (Slow down). Please try again in a moment."
    );
    let text = refusal_of(later).await.to_string();
    assert!(text.ends_with("Please try again in 20 seconds."), "{text}");
}

#[tokio::test]
async fn a_web_page_is_no_model() {
    let error = refusal_of(response("200 OK", "text/html; charset=utf-8", "<html>")).await;
    assert!(error.to_string().contains("OpenAI-compatible"), "{error}");
}

#[tokio::test]
async fn a_context_overflow_is_told_with_its_numbers() {
    let body = r#"{"error":{"code":400,"message":"too long","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}}"#;
    let error = refusal_of(response("400 Bad Request", "application/json", body)).await;
    assert!(
        matches!(error, ModelError::ContextExceeded { tokens: 9000, limit: 4096 }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_stream_that_breaks_or_just_ends_is_interrupted() {
    let half = r#"{"choices":[{"delta":{"content":"Hal"}}]}"#;
    for bytes in [open_stream(&[half]), whole_stream(&[half]), whole_stream(&[half, "[DONE]"])] {
        let events = events_of(bytes).await;
        let [Ok(first), Err(ModelError::Interrupted(_))] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(*first, text("Hal"));
    }
}

#[tokio::test]
async fn a_stream_that_breaks_after_the_model_was_done_is_whole() {
    let events = events_of(open_stream(&[
        r#"{"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#,
    ]))
    .await;
    let finish = ModelEvent::Finish { reason: FinishReason::Stop, usage: None };
    assert_eq!(oks(events), [text("Hi"), finish]);
}

#[tokio::test]
async fn garbage_ends_the_reply_with_an_error() {
    let half = r#"{"choices":[{"delta":{"content":"Hal"}}]}"#;
    let events = events_of(whole_stream(&[half, "{not json", half])).await;
    let [Ok(_), Err(ModelError::Provider { status: None, message })] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert!(!message.contains("not json"), "{message}");
}

#[tokio::test]
async fn an_error_object_in_the_stream_is_the_providers_error() {
    let events = events_of(whole_stream(&[
        r#"{"choices":[{"delta":{"content":"Hal"}}]}"#,
        r#"{"error":{"code":502,"message":"Upstream of sk-secret is gone"}}"#,
        "[DONE]",
    ]))
    .await;
    let [Ok(_), Err(ModelError::Provider { status: Some(502), message })] = events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!(message, "Upstream of [API key] is gone");
}

#[tokio::test]
async fn dropping_the_reply_closes_the_connection() {
    let (closed, mut is_closed) = mpsc::channel(1);
    let server = Server::start(move |_, mut socket| {
        let closed = closed.clone();
        async move {
            let half = open_stream(&[r#"{"choices":[{"delta":{"content":"Hal"}}]}"#]);
            socket.write_all(half.as_bytes()).await.unwrap();
            // The model is silent now; what ends this is that the other side hangs up.
            let end = socket.read(&mut [0]).await;
            assert!(matches!(end, Ok(0) | Err(_)));
            closed.send(()).await.unwrap();
        }
    })
    .await;
    let mut stream = model_at(&server.url).stream(ask("Hi", 9)).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), text("Hal"));
    drop(stream);
    is_closed.recv().await.unwrap();
}

#[tokio::test]
async fn dropping_the_request_before_an_answer_closes_the_connection() {
    let (progress, mut seen) = mpsc::channel(1);
    let server = Server::start(move |_, mut socket| {
        let progress = progress.clone();
        async move {
            progress.send("asked").await.unwrap();
            let end = socket.read(&mut [0]).await;
            assert!(matches!(end, Ok(0) | Err(_)));
            progress.send("closed").await.unwrap();
        }
    })
    .await;
    let model = model_at(&server.url);
    let request = tokio::spawn(async move { model.stream(ModelRequest::default()).await.is_ok() });
    assert_eq!(seen.recv().await, Some("asked"));
    request.abort();
    assert_eq!(seen.recv().await, Some("closed"));
}

#[tokio::test]
async fn without_a_key_none_is_sent() {
    let (head, mut heads) = mpsc::channel(1);
    let server = Server::start(move |request, socket| {
        let head = head.clone();
        async move {
            head.send(request.head).await.unwrap();
            support::http::write(socket, whole_stream(&["[DONE]"]).as_bytes()).await;
        }
    })
    .await;
    let config = OpenAiConfig { base_url: server.url.clone(), api_key: None, model: "m".into() };
    let _ = reply(&OpenAiModel::new(config).unwrap(), ask("Hi", 9)).await.unwrap();
    assert!(!heads.recv().await.unwrap().contains("authorization"));
}

#[test]
fn a_configuration_does_not_show_its_key() {
    let config = OpenAiConfig {
        base_url: "https://me:hidden@host/v1".into(),
        api_key: Some("sk-secret".into()),
        model: "m".into(),
    };
    let shown = format!("{config:?} {:?}", OpenAiModel::new(config.clone()).unwrap());
    assert!(!shown.contains("sk-secret") && !shown.contains("hidden"), "{shown}");
}
