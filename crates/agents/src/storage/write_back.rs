//! The thread that puts states from their log into the files of their instances.

use std::{
    path::Path,
    sync::{
        Arc, Weak,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use tokio::sync::oneshot;

use super::{
    StateLog, Tables,
    database::BUSY_TIMEOUT,
    state_log::{Dated, MAX_BYTES},
    tables::Versions,
};
use crate::{AgentError, InstanceId};

/// How long a state may be in the log alone. Who reads an instance's file from outside sees what is no
/// older than this.
const AFTER: Duration = Duration::from_secs(1);

/// What could not be written is tried again after this time.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) enum Job {
    /// There is something in the log.
    Changed,
    /// Write it at once, and tell.
    Settle(oneshot::Sender<()>),
}

/// Opens the log of states, and starts the thread; it ends with the log.
pub(super) fn start(data_dir: &Path) -> Result<Arc<StateLog>, AgentError> {
    let (jobs, queue) = channel();
    let log = Arc::new(StateLog::open(data_dir, jobs)?);
    let weak = Arc::downgrade(&log);
    thread::Builder::new()
        .name("agents-states".to_owned())
        .spawn(move || work(&weak, &queue))
        .map_err(|source| AgentError::DataDir { path: data_dir.to_owned(), source })?;
    Ok(log)
}

/// Completes when what was in the log is in its files, as far as that is possible.
pub(super) async fn settled(jobs: &Sender<Job>) {
    let (tell, told) = oneshot::channel();
    if jobs.send(Job::Settle(tell)).is_ok() {
        let _ = told.await;
    }
}

fn work(log: &Weak<StateLog>, queue: &Receiver<Job>) {
    let mut failed = false;
    loop {
        let job = match failed {
            false => queue.recv().map_err(RecvTimeoutError::from),
            true => queue.recv_timeout(AGAIN_AFTER),
        };
        let mut waiting = Vec::new();
        match job {
            Ok(Job::Changed) => waiting.extend(rest(queue)),
            Ok(Job::Settle(tell)) => waiting.push(tell),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(log) = log.upgrade() else { return };
        failed = !write_back(&log);
        drop(log);
        for tell in waiting {
            let _ = tell.send(());
        }
    }
}

/// Lets time pass in which states gather; answers who does not want to wait for that.
fn rest(queue: &Receiver<Job>) -> Option<oneshot::Sender<()>> {
    let end = Instant::now() + AFTER;
    loop {
        match queue.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(Job::Changed) => {}
            Ok(Job::Settle(tell)) => return Some(tell),
            Err(_) => return None,
        }
    }
}

/// Writes every state that waits into its file; answers whether that could be done.
fn write_back(log: &StateLog) -> bool {
    for id in log.cut() {
        if let Err(error) = one(log, &id) {
            tracing::warn!(instance = %id, %error, "a state is still in the log, and not in its file");
        }
    }
    log.tidy()
}

/// Writes the state of an instance into its file, where it is not there yet.
pub(super) fn one(log: &StateLog, id: &InstanceId) -> Result<(), AgentError> {
    match log.database(id) {
        Some(database) => database.write_back(),
        None => into_file_of(log, id),
    }
}

/// Writes the state of an instance that is not in memory.
fn into_file_of(log: &StateLog, id: &InstanceId) -> Result<(), AgentError> {
    let Some(state) = log.waiting(id) else { return Ok(()) };
    let file = id.file(log.data_dir());
    if file.exists() {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        into(&connection, Versions::read(&connection)?, &state)?;
    }
    // Without a file it was destroyed, and the process ended before the log forgot it.
    log.written(id, state.at);
    Ok(())
}

/// Writes a state into the file that it belongs to, unless that has a later one.
pub(super) fn into(
    connection: &Connection,
    versions: Versions,
    state: &Dated,
) -> Result<(), AgentError> {
    if !versions.is_latest(Tables::State) {
        // Only states of files with these tables go into the log: this is another file.
        return Ok(());
    }
    match update(connection, state) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
            // It was accepted, and the limit holds for what comes next.
            let limit: i64 = connection.query_row("PRAGMA max_page_count", [], |row| row.get(0))?;
            connection.pragma_update(None, "max_page_count", limit + ROOM)?;
            let updated = update(connection, state);
            connection.pragma_update(None, "max_page_count", limit)?;
            Ok(updated?)
        }
        updated => Ok(updated?),
    }
}

/// Pages of the smallest size that the largest state in the log may take.
const ROOM: i64 = (MAX_BYTES / 512) as i64;

fn update(connection: &Connection, state: &Dated) -> rusqlite::Result<()> {
    let later = "UPDATE domovoi_state SET value = ?1, changed_at = ?2
                 WHERE id = 1 AND changed_at < ?2";
    connection.prepare_cached(later)?.execute(params![state.json, state.at])?;
    Ok(())
}
