//! Requests that wait for the model, first come, first served.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};

use crate::worker::protocol::Constraint;
use crate::{ModelError, ModelEvent, ModelRequest};

type Event = Result<ModelEvent, ModelError>;

/// A bounded queue of requests.
#[derive(Debug)]
pub(super) struct Queue {
    max_waiting: usize,
    inner: Mutex<Inner>,
    pushed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    next_id: u64,
    waiting: VecDeque<Job>,
    /// Whether a job is being answered.
    busy: bool,
    /// Why there is no model.
    closed: Option<String>,
}

/// A request and the way back to who asked.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) request: ModelRequest,
    pub(super) constraint: Option<Constraint>,
    /// Unbounded because the reply is: at most as many events as tokens were asked for.
    pub(super) events: mpsc::UnboundedSender<Event>,
}

/// What who asked holds. Dropped, it takes the job from the queue or stops its answer.
pub(super) struct Reply {
    id: u64,
    events: mpsc::UnboundedReceiver<Event>,
    queue: Arc<Queue>,
}

impl Reply {
    /// The next event. A sender that vanished without a last event means an interrupted answer.
    pub(super) async fn next(&mut self) -> Event {
        self.events.recv().await.unwrap_or(Err(ModelError::Interrupted(None)))
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.queue.lock().waiting.retain(|job| job.id != self.id);
    }
}

/// Marks the queue busy for as long as a job is answered.
pub(super) struct Busy<'a>(&'a Queue);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.lock().busy = false;
    }
}

impl Queue {
    /// A queue where so many may wait behind the one that is answered.
    pub(super) fn new(max_waiting: usize) -> Self {
        Self { max_waiting, inner: Mutex::default(), pushed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request at the end.
    pub(super) fn push(
        self: &Arc<Self>,
        request: ModelRequest,
        constraint: Option<Constraint>,
    ) -> Result<Reply, ModelError> {
        let mut inner = self.lock();
        if let Some(reason) = &inner.closed {
            return Err(ModelError::Unavailable(reason.clone()));
        }
        let room = self.max_waiting + usize::from(!inner.busy);
        if inner.waiting.len() >= room {
            let waiting = inner.waiting.len();
            return Err(ModelError::Busy { waiting });
        }
        let id = inner.next_id;
        inner.next_id += 1;
        let (sender, events) = mpsc::unbounded_channel();
        inner.waiting.push_back(Job { id, request, constraint, events: sender });
        drop(inner);
        self.pushed.notify_one();
        Ok(Reply { id, events, queue: Arc::clone(self) })
    }

    /// The next job, as soon as there is one.
    pub(super) async fn pop(&self) -> (Job, Busy<'_>) {
        loop {
            {
                let mut inner = self.lock();
                if let Some(job) = inner.waiting.pop_front() {
                    inner.busy = true;
                    return (job, Busy(self));
                }
            }
            self.pushed.notified().await;
        }
    }

    /// Takes requests again.
    pub(super) fn open(&self) {
        self.lock().closed = None;
    }

    /// Refuses all requests, those that wait and those to come.
    pub(super) fn close(&self, reason: &str) {
        let mut inner = self.lock();
        inner.closed = Some(reason.to_owned());
        for job in inner.waiting.drain(..) {
            // Who asked may be gone already.
            let _ = job.events.send(Err(ModelError::Unavailable(reason.to_owned())));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn push(queue: &Arc<Queue>) -> Result<Reply, ModelError> {
        queue.push(ModelRequest::default(), None)
    }

    #[tokio::test]
    async fn order_is_kept_and_the_bound_holds() {
        let queue = Arc::new(Queue::new(1));
        let first = push(&queue).unwrap();
        let (job, busy) = queue.pop().await;
        assert_eq!(job.id, first.id);
        let second = push(&queue).unwrap();
        assert!(matches!(push(&queue).err(), Some(ModelError::Busy { waiting: 1 })));
        drop(second);
        let third = push(&queue).unwrap();
        drop(busy);
        assert_eq!(queue.pop().await.0.id, third.id);
        assert!(queue.pop().now_or_never().is_none(), "the dropped one is gone");
    }

    #[tokio::test]
    async fn closing_answers_who_waits_and_who_comes() {
        let queue = Arc::new(Queue::new(1));
        let mut reply = push(&queue).unwrap();
        queue.close("no model");
        assert!(
            matches!(reply.next().await, Err(ModelError::Unavailable(why)) if why == "no model")
        );
        assert!(matches!(push(&queue).err(), Some(ModelError::Unavailable(_))));
    }

    #[tokio::test]
    async fn a_vanished_worker_interrupts() {
        let queue = Arc::new(Queue::new(1));
        let mut reply = push(&queue).unwrap();
        drop(queue.pop().await);
        assert!(matches!(reply.next().await, Err(ModelError::Interrupted(None))));
    }
}
