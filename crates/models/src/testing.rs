//! A model whose every event a test decides.
//!
//! Nothing here sleeps: a script waits at a [`Gate`] until the test opens it, and the test waits
//! for the script to get there.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use domovoi_models::testing::{Gate, Script, ScriptedModel};
//! use domovoi_models::{LanguageModel, ModelEvent, ModelRequest};
//! use futures::StreamExt;
//!
//! let gate = Gate::new();
//! let model = ScriptedModel::new([Script::new().text("Hel").gate(&gate).text("lo").stop()]);
//! let mut reply = model.stream(ModelRequest::default()).await.unwrap();
//! assert_eq!(reply.next().await.unwrap().unwrap(), ModelEvent::Text("Hel".into()));
//! gate.open();
//! assert_eq!(reply.next().await.unwrap().unwrap(), ModelEvent::Text("lo".into()));
//! # }
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::{FutureExt, StreamExt, future::BoxFuture};
use tokio::sync::{Semaphore, watch};

use crate::{
    FinishReason, LanguageModel, ModelError, ModelEvent, ModelReadiness, ModelRequest, ModelStatus,
    ModelStream, ToolCall, Usage,
};

/// A place in a script where the model waits until the test lets it go on. Clones are the same
/// gate.
#[derive(Debug, Clone)]
pub struct Gate {
    permits: Arc<Semaphore>,
    arrivals: Arc<watch::Sender<usize>>,
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(0)), arrivals: Arc::new(watch::Sender::new(0)) }
    }

    /// Lets one script pass; where none waits yet, the next one passes without waiting.
    pub fn open(&self) {
        self.permits.add_permits(1);
    }

    /// Waits until scripts have come to this gate `count` times in all.
    pub async fn reached(&self, count: usize) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.arrivals.subscribe().wait_for(|arrivals| *arrivals >= count).await;
    }

    async fn pass(&self) {
        self.arrivals.send_modify(|arrivals| *arrivals += 1);
        if let Ok(permit) = self.permits.acquire().await {
            permit.forget();
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Debug)]
enum Step {
    Emit(ModelEvent),
    Wait(Gate),
    Fail(ModelError),
}

/// What the model answers to one request. A script without an end of its own ends like a cut
/// connection: the stream just stops.
#[derive(Debug, Default)]
pub struct Script {
    refusal: Option<ModelError>,
    steps: VecDeque<Step>,
}

impl Script {
    /// An empty script.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A script where [`LanguageModel::stream`] itself fails.
    #[must_use]
    pub fn refuse(error: ModelError) -> Self {
        Self { refusal: Some(error), steps: VecDeque::new() }
    }

    /// Adds any event.
    #[must_use]
    pub fn event(mut self, event: ModelEvent) -> Self {
        self.steps.push_back(Step::Emit(event));
        self
    }

    /// Adds a piece of text.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.event(ModelEvent::Text(text.into()))
    }

    /// Adds a piece of reasoning.
    #[must_use]
    pub fn reasoning(self, text: impl Into<String>) -> Self {
        self.event(ModelEvent::Reasoning(text.into()))
    }

    /// Adds a call of a tool.
    #[must_use]
    pub fn tool_call(
        self,
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        self.event(ModelEvent::ToolCall(ToolCall {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
        }))
    }

    /// Waits at a gate.
    #[must_use]
    pub fn gate(mut self, gate: &Gate) -> Self {
        self.steps.push_back(Step::Wait(gate.clone()));
        self
    }

    /// Fails in the middle of the reply; the stream ends there.
    #[must_use]
    pub fn fail(mut self, error: ModelError) -> Self {
        self.steps.push_back(Step::Fail(error));
        self
    }

    /// Ends the reply for this reason, without usage.
    #[must_use]
    pub fn finish(self, reason: FinishReason) -> Self {
        self.event(ModelEvent::Finish { reason, usage: None })
    }

    /// Ends the reply for this reason and with these tokens used.
    #[must_use]
    pub fn finish_with_usage(self, reason: FinishReason, usage: Usage) -> Self {
        self.event(ModelEvent::Finish { reason, usage: Some(usage) })
    }

    /// Ends the reply as a model does that was done.
    #[must_use]
    pub fn stop(self) -> Self {
        self.finish(FinishReason::Stop)
    }

    /// Ends the reply as a model does that waits for its tools.
    #[must_use]
    pub fn wait_for_tools(self) -> Self {
        self.finish(FinishReason::ToolCalls)
    }
}

/// A [`LanguageModel`] that plays scripts, one a request, in order, and records what it was asked.
/// With no script left it answers [`ModelError::Unavailable`]. Clones are the same model.
#[derive(Debug, Clone)]
pub struct ScriptedModel {
    shared: Arc<Shared>,
    context_window: Option<u32>,
    images: bool,
}

#[derive(Debug)]
struct Shared {
    scripts: Mutex<VecDeque<Script>>,
    requests: watch::Sender<Vec<ModelRequest>>,
    abandoned: watch::Sender<usize>,
    status: watch::Sender<ModelStatus>,
}

impl Shared {
    fn scripts(&self) -> MutexGuard<'_, VecDeque<Script>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ScriptedModel {
    /// A ready model that plays these scripts.
    #[must_use]
    pub fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        let status = ModelStatus::new("scripted", ModelReadiness::Ready);
        Self {
            shared: Arc::new(Shared {
                scripts: Mutex::new(scripts.into_iter().collect()),
                requests: watch::Sender::new(Vec::new()),
                abandoned: watch::Sender::new(0),
                status: watch::Sender::new(status),
            }),
            context_window: None,
            images: false,
        }
    }

    /// Sets what [`LanguageModel::context_window`] answers; nothing at first.
    #[must_use]
    pub fn with_context_window(mut self, tokens: u32) -> Self {
        self.context_window = Some(tokens);
        self
    }

    /// Has [`LanguageModel::accepts_images`] answer yes.
    #[must_use]
    pub fn with_images(mut self) -> Self {
        self.images = true;
        self
    }

    /// Adds a script for the request after those already scripted.
    pub fn push(&self, script: Script) {
        self.shared.scripts().push_back(script);
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<ModelRequest> {
        self.shared.requests.borrow().clone()
    }

    /// Waits until the model was asked `count` times in all.
    pub async fn asked(&self, count: usize) -> Vec<ModelRequest> {
        let mut requests = self.shared.requests.subscribe();
        match requests.wait_for(|requests| requests.len() >= count).await {
            Ok(requests) => requests.clone(),
            Err(_) => Vec::new(),
        }
    }

    /// Waits until `count` replies in all were dropped before their end.
    pub async fn abandoned(&self, count: usize) {
        let _ = self.shared.abandoned.subscribe().wait_for(|dropped| *dropped >= count).await;
    }

    /// Changes what [`LanguageModel::status`] reports.
    pub fn set_readiness(&self, readiness: ModelReadiness) {
        self.shared.status.send_modify(|status| status.readiness = readiness);
    }
}

impl LanguageModel for ScriptedModel {
    fn name(&self) -> &str {
        "scripted"
    }

    fn status(&self) -> watch::Receiver<ModelStatus> {
        self.shared.status.subscribe()
    }

    fn context_window(&self) -> Option<u32> {
        self.context_window
    }

    fn accepts_images(&self) -> bool {
        self.images
    }

    fn stream(&self, request: ModelRequest) -> BoxFuture<'_, Result<ModelStream, ModelError>> {
        async move {
            self.shared.requests.send_modify(|requests| requests.push(request));
            let script = self.shared.scripts().pop_front().ok_or_else(|| {
                ModelError::Unavailable("The scripted model has no script left.".to_owned())
            })?;
            if let Some(error) = script.refusal {
                return Err(error);
            }
            let playback = Playback {
                steps: script.steps,
                abandoned: AbandonGuard { shared: Arc::clone(&self.shared), armed: true },
            };
            Ok(futures::stream::unfold(playback, Playback::next).boxed())
        }
        .boxed()
    }
}

struct Playback {
    steps: VecDeque<Step>,
    abandoned: AbandonGuard,
}

impl Playback {
    async fn next(mut self) -> Option<(Result<ModelEvent, ModelError>, Self)> {
        loop {
            match self.steps.pop_front() {
                Some(Step::Wait(gate)) => gate.pass().await,
                Some(Step::Emit(event)) => {
                    if matches!(event, ModelEvent::Finish { .. }) {
                        self.abandoned.armed = false;
                    }
                    return Some((Ok(event), self));
                }
                Some(Step::Fail(error)) => {
                    self.steps.clear();
                    self.abandoned.armed = false;
                    return Some((Err(error), self));
                }
                None => {
                    self.abandoned.armed = false;
                    return None;
                }
            }
        }
    }
}

/// Counts a reply that nobody read to its end.
struct AbandonGuard {
    shared: Arc<Shared>,
    armed: bool,
}

impl Drop for AbandonGuard {
    fn drop(&mut self) {
        if self.armed {
            self.shared.abandoned.send_modify(|dropped| *dropped += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dropped_reply_is_counted_and_a_finished_one_is_not() {
        let gate = Gate::new();
        let model = ScriptedModel::new([
            Script::new().text("a").stop(),
            Script::new().text("b").gate(&gate).stop(),
        ]);
        let all: Vec<_> = model.stream(ModelRequest::default()).await.unwrap().collect().await;
        assert_eq!(all.len(), 2);

        let mut reply = model.stream(ModelRequest::default()).await.unwrap();
        reply.next().await.unwrap().unwrap();
        assert!(reply.next().now_or_never().is_none(), "the gate is closed");
        gate.reached(1).await;
        drop(reply);
        model.abandoned(1).await;
        assert_eq!(model.asked(2).await.len(), 2);
    }

    #[tokio::test]
    async fn errors_come_at_the_start_or_in_the_middle() {
        let model = ScriptedModel::new([
            Script::refuse(ModelError::Loading),
            Script::new().text("a").fail(ModelError::Interrupted(None)),
        ]);
        assert!(matches!(
            model.stream(ModelRequest::default()).await.err(),
            Some(ModelError::Loading)
        ));
        let all: Vec<_> = model.stream(ModelRequest::default()).await.unwrap().collect().await;
        assert!(matches!(all.as_slice(), [Ok(_), Err(ModelError::Interrupted(None))]));
        assert!(model.stream(ModelRequest::default()).await.is_err(), "no script left");
    }
}
