//! The thread that tidies up: a long log is written back into its file when that is closed, and
//! this waits for the disk, which no instance should have to.
//!
//! A short log stays as it is, and so do the files beside the database: the next opening reads it
//! in a few microseconds, where to delete and create files can take a thousand.

use std::{
    fs,
    path::Path,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
};

use rusqlite::{Connection, config::DbConfig};
use tokio::sync::oneshot;

use super::new_file;
use crate::AgentError;

/// A log of up to so many bytes stays when its database is closed.
const SHORT_LOG: u64 = 128 << 10;

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
        let sent = tokio::task::spawn_blocking(move || jobs.send(Job::Tell(tell)).is_ok());
        if matches!(sent.await, Ok(true)) {
            let _ = told.await;
        }
    }
}

/// Closes without waiting for the disk.
pub(super) fn close_at_once(connection: Connection) {
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    drop(connection);
}

fn has_long_log(connection: &Connection) -> bool {
    let log = connection.path().map(|path| new_file::log(Path::new(path)));
    log.and_then(|log| fs::metadata(log).ok()).is_some_and(|log| log.len() > SHORT_LOG)
}

fn work(queue: &Receiver<Job>) {
    while let Ok(job) = queue.recv() {
        match job {
            Job::Close(connection) => {
                if has_long_log(&connection) {
                    // Where somebody reads the file, the log stays until the next time.
                    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
                }
                close_at_once(connection);
            }
            Job::Tell(tell) => {
                let _ = tell.send(());
            }
        }
    }
}
