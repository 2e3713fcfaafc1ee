//! One SQLite file per instance, opened at the first use that needs it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::{Gate, Storage, closer::close_at_once};
use crate::{AgentError, InstanceId};

static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![
        M::up(include_str!("../../../../migrations/agent/0001_state_and_chat.sql")),
        M::up(include_str!("../../../../migrations/agent/0002_schedules_and_queue.sql")),
    ])
});

/// Prepared statements kept per open file.
const CACHED_STATEMENTS: usize = 32;

/// How long a statement waits for another program that has the file locked, such as a shell.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The database of one instance. The lock is never contended within an instance: its futures are
/// polled on one task and never hold it across an `.await`.
#[derive(Debug)]
pub(crate) struct Database {
    storage: Arc<Storage>,
    id: Arc<InstanceId>,
    path: PathBuf,
    gate: Option<Arc<Gate>>,
    connection: Mutex<Option<Connection>>,
    /// Used since it was last looked at for closing.
    used: AtomicBool,
    /// Something was committed that the gate does not know of.
    committed: Arc<AtomicBool>,
    destroyed: AtomicBool,
}

impl Database {
    pub(super) fn new(storage: Arc<Storage>, id: Arc<InstanceId>, gate: Option<Arc<Gate>>) -> Self {
        Self {
            path: id.file(&storage.data_dir),
            storage,
            id,
            gate,
            connection: Mutex::new(None),
            used: AtomicBool::new(false),
            committed: Arc::default(),
            destroyed: AtomicBool::new(false),
        }
    }

    /// Whether the instance has ever written anything.
    pub(crate) fn exists(&self) -> bool {
        self.connection.lock().is_some() || self.path.exists()
    }

    /// Runs `work` with the open database, creating the file where there is none.
    ///
    /// `E` is the caller's error; opening can fail with an [`AgentError`].
    pub(crate) fn with<T, E: From<AgentError>>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut guard = self.connection.lock();
        self.used.store(true, Ordering::Relaxed);
        let opened = guard.is_none();
        let result = work(self.opened(&mut guard).map_err(E::from)?);
        drop(guard);
        if let Some(gate) = &self.gate
            && self.committed.swap(false, Ordering::Relaxed)
        {
            gate.written(&self.path);
        }
        if opened {
            self.storage.open.opened(self);
        }
        result
    }

    fn opened<'a>(
        &self,
        guard: &'a mut MutexGuard<'_, Option<Connection>>,
    ) -> Result<&'a mut Connection, AgentError> {
        if self.destroyed.load(Ordering::Relaxed) {
            return Err(AgentError::Gone);
        }
        if guard.is_none() {
            **guard = Some(self.open()?);
        }
        guard.as_mut().ok_or(AgentError::Gone)
    }

    fn open(&self) -> Result<Connection, AgentError> {
        if !self.path.exists() {
            self.storage.index.add_instance(&self.id)?;
        }
        let connection = open_database(&self.path, &MIGRATIONS)?;
        let page_bytes: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let limit = i64::try_from(self.storage.max_database_bytes).unwrap_or(i64::MAX);
        let pages = (limit / page_bytes.max(1)).max(1);
        connection.pragma_update(None, "max_page_count", pages)?;
        if self.gate.is_some() {
            let committed = Arc::clone(&self.committed);
            committed.store(true, Ordering::Relaxed);
            connection.commit_hook(Some(move || {
                committed.store(true, Ordering::Relaxed);
                false
            }))?;
        }
        Ok(connection)
    }

    /// Closes the file, unless it was used since this was last asked.
    pub(super) fn close_unless_used(&self) -> bool {
        let Some(mut connection) = self.connection.try_lock() else { return false };
        if self.used.swap(false, Ordering::Relaxed) && connection.is_some() {
            return false;
        }
        connection.take().into_iter().for_each(close_at_once);
        true
    }

    /// Closes and removes the file; what is left of the instance cannot write any more.
    pub(crate) async fn destroy(&self) -> Result<(), AgentError> {
        let connection = {
            let mut connection = self.connection.lock();
            self.destroyed.store(true, Ordering::Relaxed);
            connection.take()
        };
        connection.into_iter().for_each(close_at_once);
        // A file that is still being closed would remove the log of a new one of the same name.
        self.storage.settled().await;
        for suffix in ["", "-wal", "-shm"] {
            let mut file = self.path.clone().into_os_string();
            file.push(suffix);
            match fs::remove_file(&file) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(AgentError::DataDir { path: file.into(), source });
                }
                _ => {}
            }
        }
        let children = self.id.children_folder(&self.storage.data_dir);
        match fs::remove_dir_all(&children) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(AgentError::DataDir { path: children, source });
            }
            _ => {}
        }
        self.storage.index.remove_instance(&self.id)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.get_mut().take() {
            self.storage.closer.close(connection);
        }
    }
}

/// Opens a database, creating folder and file where there is none, and brings its tables up to
/// date.
pub(crate) fn open_database(
    path: &Path,
    migrations: &Migrations<'_>,
) -> Result<Connection, AgentError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .map_err(|source| AgentError::DataDir { path: folder.to_owned(), source })?;
    }
    let mut connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // In WAL mode NORMAL leaves every commit with the operating system, where it survives the
    // process; at level `power` the gate has it synced before anything is sent.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    migrations.to_latest(&mut connection)?;
    Ok(connection)
}
