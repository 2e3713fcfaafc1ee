//! Shutting down: first everybody may finish, then nobody may stay.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of all awake instances and the two signals that end them.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    tasks: TaskTracker,
    stop: CancellationToken,
    abort: CancellationToken,
}

impl Lifecycle {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Completes when instances should end as soon as nothing is in flight.
    pub(crate) async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Completes when instances must end at once.
    pub(crate) async fn aborted(&self) {
        self.abort.cancelled().await;
    }

    /// Lets what is in flight finish for `grace`, then ends it. What is cut off is in the
    /// journal, as after a crash.
    pub(crate) async fn shutdown(&self, grace: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            self.abort.cancel();
            self.tasks.wait().await;
        }
    }
}
