//! The embedded model behind an endpoint: real weights, a real child process, a real socket that fails.
#![cfg(all(unix, feature = "embedded-model"))]
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domovoi_models::embedded::EmbeddedModel;
use domovoi_models::gateway::{Gateway, LogFilter, Route, Target};
use domovoi_models::openai::{OpenAiConfig, OpenAiModel};
use domovoi_models::weights::WeightsChoice;
use domovoi_models::{LanguageModel, ModelError, ModelEvent, ModelReadiness};
use tempfile::TempDir;
use tokio::process::Command;

use crate::embedded::{config, failure};
use crate::support::http::{Server, response, whole_stream, write};
use crate::support::weights::smollm2;
use crate::support::{ask, reply, text};

/// Not so long that a test takes long, and longer than the time between two of its steps.
const STAYS: Duration = Duration::from_secs(2);

/// Waits until there is a model to load.
async fn ready(model: &EmbeddedModel) {
    let mut status = model.status();
    status.wait_for(|status| status.readiness == ModelReadiness::Ready).await.unwrap();
}

/// An endpoint that answers once, and has a bad day afterwards.
async fn endpoint() -> Server {
    Server::start(|request, socket| async move {
        let answer = if request.index == 0 {
            whole_stream(&[
                r#"{"choices":[{"index":0,"delta":{"content":"From afar."}}]}"#,
                r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
                "[DONE]",
            ])
        } else {
            response("503 Service Unavailable", "text/plain", "down")
        };
        write(socket, answer.as_bytes()).await;
    })
    .await
}

#[tokio::test]
async fn it_answers_where_the_endpoint_fails_and_takes_no_memory_otherwise() {
    let far = endpoint().await;
    let folder = TempDir::new().unwrap();
    let mut config = config(WeightsChoice::Path(smollm2().await), &folder);
    config.unload_after = Some(STAYS);
    let near = Arc::new(EmbeddedModel::start(config));
    let endpoint = OpenAiModel::new(OpenAiConfig {
        base_url: format!("{}/v1", far.url),
        api_key: None,
        model: "x".into(),
    });
    let targets = [
        Target::new("far/x", Arc::new(endpoint.unwrap())),
        Target::new("embedded", Arc::clone(&near) as Arc<dyn LanguageModel>),
    ];
    let gateway = Gateway::builder().route("default", Route::new(targets).retries(1)).build();
    let model = gateway.model("default").unwrap();

    ready(&near).await;
    let events = reply(&model, ask("Say hello.", 3)).await.unwrap();
    assert_eq!(text(&events), "From afar.");
    assert_eq!(near.worker_pid(), None, "nobody needs it yet");

    for round in 0..2 {
        let events = reply(&model, ask("Say hello.", 3)).await.unwrap();
        assert!(matches!(events.last(), Some(Ok(ModelEvent::Finish { .. }))), "{events:?}");
        assert!(!text(&events).is_empty());
        let newest = gateway.log(&LogFilter::default()).unwrap().remove(0);
        assert_eq!((newest.model.as_deref(), newest.attempts), (Some("embedded"), 3));
        assert_eq!(far.requests.load(Ordering::SeqCst), 3 + 2 * round);

        let pid = near.worker_pid().unwrap();
        let mut status = near.status();
        while near.worker_pid().is_some() {
            status.changed().await.unwrap();
        }
        let alive = Command::new("kill").args(["-0", &pid.to_string()]).output().await.unwrap();
        assert!(!alive.status.success(), "its process is gone");
        assert_eq!(near.status().borrow().readiness, ModelReadiness::Ready);
    }
}

#[tokio::test]
async fn what_was_not_there_at_the_start_is_looked_for_by_each_request() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("late.gguf");
    let mut config = config(WeightsChoice::Path(path.clone()), &folder);
    config.unload_after = Some(STAYS);
    let model = EmbeddedModel::start(config);
    let message = failure(&model).await;
    let events = reply(&model, ask("Hi", 1)).await.unwrap();
    let [Err(ModelError::Unavailable(why))] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(*why, message);
    failure(&model).await;
    std::os::unix::fs::symlink(smollm2().await, &path).unwrap();
    let events = reply(&model, ask("Say hello.", 2)).await.unwrap();
    assert!(matches!(events.last(), Some(Ok(ModelEvent::Finish { .. }))), "{events:?}");
}
