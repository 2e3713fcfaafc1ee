//! A model on this machine, in a child process.
//!
//! llama.cpp aborts the whole process on some errors, so it never runs in ours:
//! [`EmbeddedModel`] starts [`worker::run`](crate::worker::run) as a child, feeds it one request
//! after another and starts it again when it dies. The child ends with its parent, however the
//! parent ends.
//!
//! | file | what is in it |
//! |---|---|
//! | `config` | what there is to choose |
//! | `constraint` | what an answer is kept to: a schema, a call of a tool |
//! | `queue`, `fairness` | requests that wait; whose turn it is |
//! | `process` | the child: starting it, lines in and out |
//! | `supervisor` | finds weights, keeps a child running, takes requests from the queue |
//!
//! Answers with a JSON Schema and calls of tools are kept to their schemas while they are written,
//! so they always parse, unless the limit on tokens cuts them off. Tools that are offered may be
//! called once: models this small call them too often, so the answer after a result is in words.

mod config;
mod constraint;
mod fairness;
mod process;
mod queue;
mod supervisor;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU32, Ordering},
};

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use tokio::sync::{Notify, watch};
use tokio_util::task::AbortOnDropHandle;

pub use self::config::{EmbeddedConfig, WorkerCommand};
use self::queue::Queue;
use self::supervisor::{DEFAULT_CONTEXT_TOKENS, Supervisor};
use crate::{
    LanguageModel, ModelError, ModelEvent, ModelReadiness, ModelRequest, ModelStatus, ModelStream,
};

/// A model that runs in a child process of this one. Dropping it ends the child.
#[derive(Debug)]
pub struct EmbeddedModel {
    expected_name: String,
    name: Arc<OnceLock<String>>,
    context_tokens: Arc<AtomicU32>,
    status: watch::Receiver<ModelStatus>,
    worker_pid: watch::Receiver<Option<u32>>,
    queue: Arc<Queue>,
    retry: Arc<Notify>,
    _supervisor: AbortOnDropHandle<()>,
}

impl EmbeddedModel {
    /// Starts looking for weights and loading them, and returns at once; [`LanguageModel::status`]
    /// tells how far it is. Requests made meanwhile wait. With [`EmbeddedConfig::unload_after`] it is
    /// ready as soon as weights are found, and a request that finds none makes it look again.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    #[must_use]
    pub fn start(config: EmbeddedConfig) -> Self {
        let expected_name = config.finder.expected_name(&config.weights);
        let first = ModelStatus::new(&*expected_name, ModelReadiness::Loading);
        let (status_sender, status) = watch::channel(first);
        let status_sender = Arc::new(status_sender);
        let (pid_sender, worker_pid) = watch::channel(None);
        let queue = Arc::new(Queue::new(config.max_queue, Arc::clone(&status_sender)));
        let name = Arc::new(OnceLock::new());
        let retry = Arc::new(Notify::new());
        let context_tokens = config.context_tokens.unwrap_or(DEFAULT_CONTEXT_TOKENS);
        let context_tokens = Arc::new(AtomicU32::new(context_tokens));
        let supervisor = Supervisor {
            config,
            queue: Arc::clone(&queue),
            status: status_sender,
            worker_pid: pid_sender,
            name: Arc::clone(&name),
            context_tokens: Arc::clone(&context_tokens),
            retry: Arc::clone(&retry),
        };
        let supervisor = AbortOnDropHandle::new(tokio::spawn(supervisor.run()));
        Self {
            expected_name,
            name,
            context_tokens,
            status,
            worker_pid,
            queue,
            retry,
            _supervisor: supervisor,
        }
    }

    /// Tries again where the model failed: the network may be back, the file in its place. Does
    /// nothing in any other state.
    pub fn retry(&self) {
        self.retry.notify_waiters();
    }

    /// The process id of the child, while there is one.
    #[must_use]
    pub fn worker_pid(&self) -> Option<u32> {
        *self.worker_pid.borrow()
    }
}

impl Drop for EmbeddedModel {
    fn drop(&mut self) {
        self.queue.close("The embedded model was stopped.");
    }
}

impl LanguageModel for EmbeddedModel {
    /// The name of the weights in use, once they are found; before, of those looked for first.
    fn name(&self) -> &str {
        self.name.get().unwrap_or(&self.expected_name)
    }

    fn status(&self) -> watch::Receiver<ModelStatus> {
        self.status.clone()
    }

    /// As configured, and less once weights are loaded that were trained for less.
    fn context_window(&self) -> Option<u32> {
        Some(self.context_tokens.load(Ordering::Relaxed))
    }

    /// Queues the request: [`ModelError::Busy`] where too many wait already,
    /// [`ModelError::Unavailable`] where there is no model, [`ModelError::Unsupported`] for images
    /// and for schemas that an answer cannot be kept to.
    fn stream(&self, request: ModelRequest) -> BoxFuture<'_, Result<ModelStream, ModelError>> {
        async move {
            if request.has_images() {
                return Err(ModelError::no_images(self.name()));
            }
            let constraint = constraint::constraint(&request)?;
            let reply = self.queue.push(request, constraint)?;
            let events = stream::unfold(Some(reply), |reply| async {
                let mut reply = reply?;
                let event = reply.next().await;
                let ended = matches!(event, Err(_) | Ok(ModelEvent::Finish { .. }));
                Some((event, (!ended).then_some(reply)))
            });
            Ok(events.boxed())
        }
        .boxed()
    }
}
