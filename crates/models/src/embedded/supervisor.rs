//! Finds weights, keeps a child running, and takes requests from the queue one by one.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU32, Ordering},
};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

use super::EmbeddedConfig;
use super::process::{Died, Worker};
use super::queue::{Job, Queue};
use crate::weights::{Progress, Weights};
use crate::worker::protocol::{Failure, Generate, Order, Report};
use crate::{ModelError, ModelEvent, ModelReadiness, ModelStatus, ToolCall, Usage};

pub(super) const DEFAULT_CONTEXT_TOKENS: u32 = 4096;
/// A child that dies this often in a row while it loads will not load.
const MAX_LOADS: u32 = 3;
/// Pause before the child is started again, doubled with each death in a row.
const RESTART_PAUSE: Duration = Duration::from_millis(250);
const MAX_RESTART_PAUSE: Duration = Duration::from_secs(10);
/// A child that does not stop answering within this time is killed.
const CANCEL_PATIENCE: Duration = Duration::from_secs(15);

pub(super) struct Supervisor {
    pub(super) config: EmbeddedConfig,
    pub(super) queue: Arc<Queue>,
    pub(super) status: Arc<watch::Sender<ModelStatus>>,
    pub(super) worker_pid: watch::Sender<Option<u32>>,
    pub(super) name: Arc<OnceLock<String>>,
    /// What was asked for, and what there is once the weights are loaded.
    pub(super) context_tokens: Arc<AtomicU32>,
    pub(super) retry: Arc<Notify>,
}

/// Why a child did not load.
enum LoadError {
    /// Trying again may help.
    Died(Died),
    /// The same would come again; the text is for a person.
    Final(String),
}

impl Supervisor {
    /// Runs until the task is aborted. Where there is no model to be had, waits to be told to try
    /// again; one that is loaded by requests tries again with the next of them.
    pub(super) async fn run(self) {
        loop {
            let Err(message) = self.serve().await;
            tracing::error!(reason = message, "no embedded model");
            let retry = self.retry.notified();
            self.queue.close(&message);
            if self.is_loaded_by_requests() {
                self.queue.open();
            }
            self.worker_pid.send_replace(None);
            self.set_readiness(ModelReadiness::Failed { message });
            tokio::select! {
                () = retry => {}
                () = self.queue.asked() => {}
            }
            self.set_readiness(ModelReadiness::Loading);
            self.queue.open();
        }
    }

    async fn serve(&self) -> Result<Infallible, String> {
        let weights = self.find_weights().await?;
        let (mut loads, mut deaths) = (0, 0);
        loop {
            if self.is_loaded_by_requests() {
                self.set_readiness(ModelReadiness::Ready);
                self.queue.asked().await;
            }
            self.set_readiness(ModelReadiness::Loading);
            let died = match self.load(&weights).await {
                Ok(mut worker) => {
                    loads = 0;
                    self.set_readiness(ModelReadiness::Ready);
                    tracing::info!(model = weights.name, "the embedded model is ready");
                    let Some(died) = self.answer_all(&mut worker, &mut deaths).await else {
                        worker.kill("nobody asks").await;
                        self.worker_pid.send_replace(None);
                        tracing::info!(
                            model = weights.name,
                            "nobody asks: the memory is given back"
                        );
                        continue;
                    };
                    self.set_readiness(ModelReadiness::Loading);
                    died
                }
                Err(LoadError::Final(message)) => return Err(message),
                Err(LoadError::Died(died)) => {
                    loads += 1;
                    if loads == MAX_LOADS {
                        return Err(load_failure(&weights, &died.to_string()));
                    }
                    died
                }
            };
            self.worker_pid.send_replace(None);
            tracing::warn!(%died, "the embedded model is started again");
            if deaths > 0 {
                let pause = RESTART_PAUSE.saturating_mul(1 << deaths.min(10));
                sleep(pause.min(MAX_RESTART_PAUSE)).await;
            }
            deaths += 1;
        }
    }

    async fn find_weights(&self) -> Result<Weights, String> {
        let mut report = |progress: Progress| {
            self.status.send_modify(|status| {
                status.name = progress.name;
                status.readiness = ModelReadiness::Downloading {
                    received_bytes: progress.received_bytes,
                    total_bytes: progress.total_bytes,
                    seconds_left: progress.seconds_left,
                };
            });
        };
        let found = self.config.finder.find(&self.config.weights, &mut report).await;
        let weights = found.map_err(|error| error.to_string())?;
        self.status.send_modify(|status| status.name.clone_from(&weights.name));
        // A second try finds the same name, or another that is told by the status alone.
        let _ = self.name.set(weights.name.clone());
        Ok(weights)
    }

    fn is_loaded_by_requests(&self) -> bool {
        self.config.unload_after.is_some()
    }

    fn set_readiness(&self, readiness: ModelReadiness) {
        self.status.send_modify(|status| status.readiness = readiness);
    }

    async fn load(&self, weights: &Weights) -> Result<Worker, LoadError> {
        let mut worker = Worker::spawn(&self.config.worker).map_err(|error| {
            let program = self.config.worker.program.display();
            LoadError::Final(format!("The model's process {program} cannot be started: {error}."))
        })?;
        self.worker_pid.send_replace(worker.pid());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let order = Order::Load {
            path: weights.path.clone(),
            threads: self.config.threads.unwrap_or(cores - 1).max(1),
            context_tokens: self.config.context_tokens.unwrap_or(DEFAULT_CONTEXT_TOKENS),
        };
        worker.send(&order).await.map_err(LoadError::Died)?;
        match worker.report().await.map_err(LoadError::Died)? {
            Report::Loaded { context_tokens } => {
                tracing::debug!(context_tokens, "loaded");
                let tokens = u32::try_from(context_tokens).unwrap_or(u32::MAX);
                self.context_tokens.store(tokens, Ordering::Relaxed);
                Ok(worker)
            }
            Report::LoadFailed { message } => {
                Err(LoadError::Final(load_failure(weights, &message)))
            }
            _ => Err(LoadError::Died(worker.kill("it spoke out of turn").await)),
        }
    }

    /// Answers requests until the child dies, or, which is nothing, has not been asked for as long as
    /// is configured; `deaths` is set to zero by each whole answer.
    async fn answer_all(&self, worker: &mut Worker, deaths: &mut u32) -> Option<Died> {
        loop {
            let (job, _busy) = tokio::select! {
                popped = self.queue.pop() => popped,
                report = worker.report() => match report {
                    // The end of an answer that was given up on.
                    Ok(_) => continue,
                    Err(died) => return Some(died),
                },
                () = self.unused() => return None,
            };
            match answer(worker, &job).await {
                Ok(()) => *deaths = 0,
                Err(died) => {
                    let text = died.to_string();
                    // Who asked may be gone already.
                    let _ = job.events.send(Err(ModelError::Interrupted(Some(Box::new(died)))));
                    return Some(worker.kill(&text).await);
                }
            }
        }
    }

    /// Returns when a child that nobody asks is to be given up.
    async fn unused(&self) {
        match self.config.unload_after {
            Some(after) => sleep(after).await,
            None => pending().await,
        }
    }
}

fn load_failure(weights: &Weights, reason: &str) -> String {
    format!(
        "The model {} ({}) cannot be loaded: {reason}. Remove or replace the file, or set the \
         address and API key of a model provider in the configuration.",
        weights.name,
        weights.path.display(),
    )
}

/// Passes one answer on. Returns once the child is free again, also where nobody listens any more.
async fn answer(worker: &mut Worker, job: &Job) -> Result<(), Died> {
    if job.events.is_closed() {
        return Ok(());
    }
    let order = Order::Generate(Generate {
        id: job.id,
        messages: job.request.messages.clone(),
        max_tokens: job.request.max_tokens,
        temperature: job.request.temperature,
        constraint: job.constraint.clone(),
    });
    worker.send(&order).await?;
    let mut cancelled_at = None;
    loop {
        let patience = cancelled_at.unwrap_or_else(Instant::now) + CANCEL_PATIENCE;
        let event = tokio::select! {
            report = worker.report() => event_of(report?, job.id),
            () = job.events.closed(), if cancelled_at.is_none() => {
                worker.send(&Order::Cancel { id: job.id }).await?;
                cancelled_at = Some(Instant::now());
                continue;
            }
            () = sleep_until(patience), if cancelled_at.is_some() => {
                return Err(worker.kill("it did not stop when told to").await);
            }
        };
        let Some(event) = event else { continue };
        let last = matches!(event, Err(_) | Ok(ModelEvent::Finish { .. }));
        // Nobody may listen any more; then the answer is cancelled above.
        let _ = job.events.send(event);
        if last {
            return Ok(());
        }
    }
}

/// What a report means to who asked; none where it is about another request.
fn event_of(report: Report, job: u64) -> Option<Result<ModelEvent, ModelError>> {
    match report {
        Report::Text { id, text } if id == job => Some(Ok(ModelEvent::Text(text))),
        Report::Call { id, name, arguments } if id == job => {
            let id = format!("call_{}", Uuid::new_v4().simple());
            Some(Ok(ModelEvent::ToolCall(ToolCall { id, name, arguments })))
        }
        Report::Finished { id, reason, input_tokens, output_tokens, .. } if id == job => {
            let usage = Some(Usage { input_tokens, output_tokens });
            Some(Ok(ModelEvent::Finish { reason, usage }))
        }
        Report::Failed { id, failure } if id == job => Some(Err(match failure {
            Failure::ContextExceeded { tokens, limit } => {
                ModelError::ContextExceeded { tokens, limit }
            }
            Failure::Schema { message } => ModelError::Unsupported(format!(
                "The embedded model cannot be kept to this JSON Schema: {message}. Simplify the \
                 schema, or configure another model."
            )),
            Failure::Other { message } => ModelError::Provider { status: None, message },
        })),
        _ => None,
    }
}
