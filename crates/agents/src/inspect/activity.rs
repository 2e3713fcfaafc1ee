//! That something happens in an instance, for whoever looks at it, and what went wrong there.
//!
//! It is kept in memory: what went wrong since the process began, and of that the newest.

use std::{
    collections::{HashMap, VecDeque},
    sync::atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{AgentError, Agents, HandlerError, InstanceId};

/// Failures that are kept of an instance.
const MOST_OF_ONE: usize = 50;
/// Instances of which failures are kept; the one that failed longest ago makes room.
const MOST_INSTANCES: usize = 500;
/// Longest words of a failure, in characters.
const MAX_WORDS: usize = 300;

/// Something that went wrong in an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What has failed: a handler, a call, a task.
    pub what: String,
    /// Why, in the words of the log: nothing that somebody may have said.
    pub error: String,
}

/// Hears that something has happened in an instance.
#[derive(Debug)]
pub struct Happenings(watch::Receiver<()>);

impl Happenings {
    /// Completes when something has happened since it was asked last; at once where it has.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            // Nothing will happen there any more.
            std::future::pending::<()>().await;
        }
    }
}

/// What is known of all instances.
#[derive(Default)]
pub(crate) struct Activity {
    known: Mutex<Known>,
    /// Whether anybody looks, to be asked without the lock. It is true for one happening too long.
    watched: AtomicBool,
}

#[derive(Default)]
struct Known {
    watchers: HashMap<InstanceId, watch::Sender<()>>,
    failures: HashMap<InstanceId, VecDeque<Failure>>,
}

impl Activity {
    /// Tells those who look at the instance.
    pub(crate) fn happened(&self, id: &InstanceId) {
        if !self.watched.load(Ordering::Relaxed) {
            return;
        }
        let watchers = &mut self.known.lock().watchers;
        watchers.retain(|_, watcher| !watcher.is_closed());
        self.watched.store(!watchers.is_empty(), Ordering::Relaxed);
        if let Some(watcher) = watchers.get(id) {
            watcher.send_replace(());
        }
    }

    fn failed(&self, id: &InstanceId, failure: Failure) {
        {
            let mut known = self.known.lock();
            if known.failures.len() >= MOST_INSTANCES && !known.failures.contains_key(id) {
                let newest = |of: &VecDeque<Failure>| of.back().map(|failure| failure.at);
                let oldest = known.failures.iter().min_by_key(|(_, failures)| newest(failures));
                if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                    known.failures.remove(&oldest);
                }
            }
            let failures = known.failures.entry(id.clone()).or_default();
            if failures.len() == MOST_OF_ONE {
                failures.pop_front();
            }
            failures.push_back(failure);
        }
        self.happened(id);
    }

    /// The instance is no more.
    pub(crate) fn forget(&self, id: &InstanceId) {
        self.known.lock().failures.remove(id);
        self.happened(id);
    }

    fn watch(&self, id: InstanceId) -> Happenings {
        let mut known = self.known.lock();
        self.watched.store(true, Ordering::Relaxed);
        Happenings(known.watchers.entry(id).or_insert_with(|| watch::Sender::new(())).subscribe())
    }
}

/// The beginning of a text.
fn beginning(text: &str) -> String {
    text.chars().take(MAX_WORDS).collect()
}

impl Agents {
    /// Notes what went wrong in an instance.
    pub(crate) fn failed(&self, id: &InstanceId, what: &str, error: &HandlerError) {
        let at = self.clock().now();
        let (what, error) = (beginning(what), beginning(&error.for_log()));
        self.activity().failed(id, Failure { at, what, error });
    }

    /// What went wrong in an instance since the process began: the newest, oldest first.
    ///
    /// # Errors
    /// [`AgentError::UnknownAgent`], [`AgentError::InvalidName`].
    pub fn failures_of(&self, agent: &str, name: &str) -> Result<Vec<Failure>, AgentError> {
        let id = self.resolve(agent, name, &[])?;
        let known = self.activity().known.lock();
        Ok(known.failures.get(&id).into_iter().flatten().cloned().collect())
    }

    /// Hears whenever something has happened in an instance: somebody came or went, a handler, a task
    /// or a turn has begun or ended. The instance is not woken.
    ///
    /// # Errors
    /// As [`Agents::failures_of`].
    pub fn watch(&self, agent: &str, name: &str) -> Result<Happenings, AgentError> {
        Ok(self.activity().watch(self.resolve(agent, name, &[])?))
    }
}
