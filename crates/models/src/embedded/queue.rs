//! Requests that wait for the model: each conversation in its turn.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc, watch};

use super::fairness::Turns;
use crate::worker::protocol::Constraint;
use crate::{ModelError, ModelEvent, ModelRequest, ModelStatus};

type Event = Result<ModelEvent, ModelError>;

/// A bounded queue of requests.
#[derive(Debug)]
pub(super) struct Queue {
    max_waiting: usize,
    inner: Mutex<Inner>,
    pushed: Notify,
    status: Arc<watch::Sender<ModelStatus>>,
}

#[derive(Debug)]
struct Inner {
    next_id: u64,
    /// In the order in which they came.
    waiting: VecDeque<Job>,
    turns: Turns,
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

impl Job {
    /// Who asks; all who do not say are one.
    fn conversation(&self) -> &str {
        let metadata = &self.request.metadata;
        metadata.conversation.as_deref().or(metadata.agent.as_deref()).unwrap_or_default()
    }

    fn tell(&self, ahead: usize) {
        if let Some(position) = &self.request.metadata.queue {
            position.set(ahead);
        }
    }
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
        let mut inner = self.queue.lock();
        let waiting = inner.waiting.len();
        inner.waiting.retain(|job| job.id != self.id);
        if inner.waiting.len() != waiting {
            self.queue.tell(&inner);
        }
    }
}

/// Marks the queue busy for as long as a job is answered.
pub(super) struct Busy<'a>(&'a Queue);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.busy = false;
        self.0.tell(&inner);
    }
}

impl Queue {
    /// A queue where so many may wait behind the one that is answered. Their number goes into
    /// `status`.
    pub(super) fn new(max_waiting: usize, status: Arc<watch::Sender<ModelStatus>>) -> Self {
        let inner = Inner {
            next_id: 0,
            waiting: VecDeque::new(),
            turns: Turns::new(max_waiting + 1),
            busy: false,
            closed: None,
        };
        Self { max_waiting, inner: Mutex::new(inner), pushed: Notify::new(), status }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all who wait how many are before them, and everybody how many wait.
    fn tell(&self, inner: &Inner) {
        let order = inner.turns.order(inner.waiting.iter().map(Job::conversation));
        for (place, index) in order.into_iter().enumerate() {
            inner.waiting[index].tell(place + usize::from(inner.busy));
        }
        let waiting = inner.waiting.len().saturating_sub(usize::from(!inner.busy));
        self.status
            .send_if_modified(|status| std::mem::replace(&mut status.waiting, waiting) != waiting);
    }

    /// Adds a request.
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
        self.tell(&inner);
        drop(inner);
        self.pushed.notify_one();
        Ok(Reply { id, events, queue: Arc::clone(self) })
    }

    /// The next job, as soon as there is one.
    pub(super) async fn pop(&self) -> (Job, Busy<'_>) {
        loop {
            if let Some(job) = self.take() {
                return (job, Busy(self));
            }
            self.pushed.notified().await;
        }
    }

    /// Returns when a request waits.
    pub(super) async fn asked(&self) {
        while self.lock().waiting.is_empty() {
            self.pushed.notified().await;
        }
    }

    fn take(&self) -> Option<Job> {
        let mut inner = self.lock();
        let order = inner.turns.order(inner.waiting.iter().map(Job::conversation));
        let job = inner.waiting.remove(*order.first()?)?;
        inner.turns.answered(job.conversation());
        inner.busy = true;
        job.tell(0);
        self.tell(&inner);
        Some(job)
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
        self.tell(&inner);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::{ModelReadiness, QueuePosition};

    fn queue(max_waiting: usize) -> (Arc<Queue>, watch::Receiver<ModelStatus>) {
        let readiness = ModelReadiness::Ready;
        let (sender, status) = watch::channel(ModelStatus::new("model", readiness));
        (Arc::new(Queue::new(max_waiting, Arc::new(sender))), status)
    }

    fn push(queue: &Arc<Queue>) -> Result<Reply, ModelError> {
        queue.push(ModelRequest::default(), None)
    }

    #[tokio::test]
    async fn order_is_kept_and_the_bound_holds() {
        let (queue, _) = queue(1);
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
    async fn conversations_take_turns_and_know_how_many_are_before_them() {
        let (queue, status) = queue(8);
        let ask = |conversation: &str| {
            let position = QueuePosition::new();
            let ahead = position.watch();
            let mut request = ModelRequest::default();
            request.metadata.conversation = Some(conversation.to_owned());
            request.metadata.queue = Some(position);
            (queue.push(request, None).unwrap(), ahead)
        };
        let asked = [ask("busy"), ask("busy"), ask("busy"), ask("quiet")];
        let ahead = || asked.iter().map(|(_, ahead)| *ahead.borrow()).collect::<Vec<_>>();
        assert_eq!((ahead(), status.borrow().waiting), (vec![0, 2, 3, 1], 3));

        let (job, busy) = queue.pop().await;
        assert_eq!(job.id, asked[0].0.id);
        assert_eq!((ahead(), status.borrow().waiting), (vec![0, 2, 3, 1], 3));
        drop(busy);
        let (job, busy) = queue.pop().await;
        assert_eq!(
            job.id, asked[3].0.id,
            "who asks now and then need not wait for who always does"
        );
        assert_eq!((ahead(), status.borrow().waiting), (vec![0, 1, 2, 0], 2));

        // Who gives up makes room for those behind.
        let [_, second, third, _] = asked;
        drop(second);
        assert_eq!((*third.1.borrow(), status.borrow().waiting), (1, 1));
        drop(busy);
        assert_eq!((*third.1.borrow(), status.borrow().waiting), (0, 0));
    }

    #[tokio::test]
    async fn closing_answers_who_waits_and_who_comes() {
        let (queue, status) = queue(1);
        let mut reply = push(&queue).unwrap();
        queue.close("no model");
        assert!(
            matches!(reply.next().await, Err(ModelError::Unavailable(why)) if why == "no model")
        );
        assert!(matches!(push(&queue).err(), Some(ModelError::Unavailable(_))));
        assert_eq!(status.borrow().waiting, 0);
    }

    #[tokio::test]
    async fn a_vanished_worker_interrupts() {
        let (queue, _) = queue(1);
        let mut reply = push(&queue).unwrap();
        drop(queue.pop().await);
        assert!(matches!(reply.next().await, Err(ModelError::Interrupted(None))));
    }
}
