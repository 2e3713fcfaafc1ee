//! Shutting down: first everybody may finish, then nobody may stay.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long clients may take to close their connections.
const CLOSING: Duration = Duration::from_secs(2);

/// With more instances awake than this, those that nobody is connected to do not stay for a while.
const CROWD: usize = 5_000;

/// The tasks of all awake instances and of their sockets.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    tasks: TaskTracker,
    sockets: TaskTracker,
    stop: CancellationToken,
    stopping: AtomicBool,
}

impl Lifecycle {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Whether so many instances are awake that none should stay without need: the memory of a burst
    /// is bounded by this.
    pub(crate) fn is_crowded(&self) -> bool {
        self.tasks.len() > CROWD
    }

    /// How many instances are awake.
    pub(crate) fn awake(&self) -> usize {
        self.tasks.len()
    }

    /// How many WebSockets are open.
    pub(crate) fn open_sockets(&self) -> usize {
        self.sockets.len()
    }

    /// A future that ends when a shutdown begins.
    pub(crate) fn until_stopped(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let stop = self.stop.clone();
        async move {
            let _ = stop.run_until_cancelled(task).await;
        }
    }

    pub(crate) fn spawn_socket(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.sockets.spawn(task);
    }

    /// Completes when every socket is closed, or after a while: a client need not answer.
    pub(crate) async fn sockets_closed(&self) {
        self.sockets.close();
        let _ = tokio::time::timeout(CLOSING, self.sockets.wait()).await;
    }

    /// Wakes no instance any more, and tells those who wait for it.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.stop.cancel();
        self.tasks.close();
    }

    /// Whether no instance may be woken any more.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Completes when a shutdown begins.
    pub(crate) async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Completes when every instance has ended.
    pub(crate) async fn ended(&self) {
        self.tasks.wait().await;
    }

    /// Whether every instance ends in time.
    pub(crate) async fn ended_within(&self, grace: Duration) -> bool {
        tokio::time::timeout(grace, self.tasks.wait()).await.is_ok()
    }
}
