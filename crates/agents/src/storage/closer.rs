//! The thread that tidies up: closing a database writes its log back into the file and waits for
//! the disk, which no instance should have to.

use std::{
    path::Path,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
};

use rusqlite::{Connection, config::DbConfig};
use tokio::sync::oneshot;

use crate::AgentError;

/// Files that may wait. Those beyond are closed on the spot and keep their log, which is as durable
/// as the file itself.
const BACKLOG: usize = 256;

#[derive(Debug)]
enum Job {
    Close(Connection),
    Tell(oneshot::Sender<()>),
}

#[derive(Debug)]
pub(crate) struct Closer {
    jobs: SyncSender<Job>,
}

impl Closer {
    pub(crate) fn start(data_dir: &Path) -> Result<Self, AgentError> {
        let (jobs, queue) = sync_channel(BACKLOG);
        thread::Builder::new()
            .name("agents-closer".to_owned())
            .spawn(move || work(&queue))
            .map_err(|source| AgentError::DataDir { path: data_dir.to_owned(), source })?;
        Ok(Self { jobs })
    }

    pub(crate) fn close(&self, connection: Connection) {
        match self.jobs.try_send(Job::Close(connection)) {
            Err(TrySendError::Full(Job::Close(connection))) => close_at_once(connection),
            // The thread ends with this value, so there is nobody else to close it.
            Err(TrySendError::Disconnected(_)) | Ok(()) | Err(TrySendError::Full(_)) => {}
        }
    }

    /// Completes when everything given to it so far is closed.
    pub(crate) async fn settled(&self) {
        let (tell, told) = oneshot::channel();
        let jobs = self.jobs.clone();
        // The queue may be full, and waiting for room blocks.
        let sent = tokio::task::spawn_blocking(move || jobs.send(Job::Tell(tell)));
        if matches!(sent.await, Ok(Ok(()))) {
            let _ = told.await;
        }
    }
}

/// Closes without waiting for the disk.
pub(super) fn close_at_once(connection: Connection) {
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    drop(connection);
}

fn work(queue: &Receiver<Job>) {
    while let Ok(job) = queue.recv() {
        match job {
            Job::Close(connection) => drop(connection),
            Job::Tell(tell) => {
                let _ = tell.send(());
            }
        }
    }
}
