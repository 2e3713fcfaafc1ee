//! Shutting down: first everybody may finish, then nobody may stay.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long clients may take to close their connections.
const CLOSING: Duration = Duration::from_secs(2);

/// The tasks of all awake instances and the two signals that end them.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    tasks: TaskTracker,
    sockets: TaskTracker,
    stop: CancellationToken,
    abort: CancellationToken,
}

impl Lifecycle {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Runs the task of a socket to its end, counted.
    pub(crate) async fn socket(&self, task: impl Future<Output = ()> + Send) {
        self.sockets.track_future(task).await;
    }

    /// Completes when every socket is closed, or after a while: a client need not answer.
    pub(crate) async fn sockets_closed(&self) {
        self.sockets.close();
        let _ = tokio::time::timeout(CLOSING, self.sockets.wait()).await;
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
