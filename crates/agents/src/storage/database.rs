//! One SQLite file per instance, opened at the first use that needs it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, TransactionBehavior};

use super::{
    Gate, Storage, Tables,
    closer::close_at_once,
    if_there, long_name, new_file,
    state_log::{self, MAX_BYTES},
    tables::Versions,
    write_back,
};
use crate::{AgentError, InstanceId};

/// Prepared statements kept per open file.
const CACHED_STATEMENTS: usize = 32;

/// How long a statement waits for another program that has the file locked, such as a shell.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The database of one instance. The lock is never contended within an instance: its futures are
/// polled on one task and never hold it across an `.await`. Beside them the thread that writes states
/// back takes it.
#[derive(Debug)]
pub(crate) struct Database {
    storage: Arc<Storage>,
    id: Arc<InstanceId>,
    path: PathBuf,
    gate: Option<Arc<Gate>>,
    open: Mutex<Option<Open>>,
    /// Used since it was last looked at for closing.
    used: AtomicBool,
    /// Something was committed that the gate does not know of.
    committed: Arc<AtomicBool>,
    destroyed: AtomicBool,
    /// The state is in the log of states, and newer than in the file.
    state_waits: AtomicBool,
    /// The file never is without the tables of chats.
    chats: AtomicBool,
}

/// A file that is open.
#[derive(Debug)]
struct Open {
    connection: Connection,
    versions: Versions,
    /// When the state was set that counts now, where it was set since the file was opened.
    state_set_at: Option<i64>,
}

impl Database {
    pub(super) fn new(storage: Arc<Storage>, id: Arc<InstanceId>, gate: Option<Arc<Gate>>) -> Self {
        Self {
            path: id.file(&storage.data_dir),
            storage,
            id,
            gate,
            open: Mutex::new(None),
            used: AtomicBool::new(false),
            committed: Arc::default(),
            destroyed: AtomicBool::new(false),
            state_waits: AtomicBool::new(false),
            chats: AtomicBool::new(false),
        }
    }

    /// Whether the instance has ever written anything. Where nobody can tell it counts as so, and
    /// opening it says why.
    pub(crate) fn exists(&self) -> bool {
        self.open.lock().is_some() || !matches!(self.path.try_exists(), Ok(false))
    }

    /// Runs `work` with the open database, creating the file where there is none. Of the runtime's
    /// own tables, those of chats are there after [`Database::chats`].
    ///
    /// `E` is the caller's error; opening can fail with an [`AgentError`].
    pub(crate) fn with<T, E: From<AgentError>>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run(|open| work(&mut open.connection))
    }

    /// As [`Database::with`], where some tables of the runtime's must be there; they are created
    /// where they are not.
    pub(crate) fn write<T, E: From<AgentError>>(
        self: &Arc<Self>,
        tables: Tables,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run(|Open { connection, versions, .. }| {
            versions.bring(connection, tables)?;
            work(connection)
        })
    }

    /// As [`Database::write`], where there is nothing to do without the tables: nothing is created.
    pub(crate) fn read<T, E: From<AgentError>>(
        self: &Arc<Self>,
        tables: Tables,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        if !self.exists() {
            return Ok(None);
        }
        self.run(|Open { connection, versions, .. }| {
            if !versions.has(tables) {
                return Ok(None);
            }
            versions.bring(connection, tables)?;
            work(connection).map(Some)
        })
    }

    /// Stores the state. It is durable when this returns, in the file or in the log of states.
    pub(crate) fn write_state(self: &Arc<Self>, json: &str) -> Result<(), AgentError> {
        if self.log_state(json) {
            return Ok(());
        }
        self.run(|Open { connection, versions, state_set_at }| {
            versions.bring(connection, Tables::State)?;
            let mut statement = connection.prepare_cached(
                "INSERT INTO domovoi_state (id, value, changed_at) VALUES (1, ?1, ?2)
                 ON CONFLICT (id) DO UPDATE
                 SET value = excluded.value, changed_at = max(excluded.changed_at, changed_at + 1)
                 RETURNING changed_at",
            )?;
            let now = state_log::later_than(0);
            *state_set_at = Some(statement.query_row((json, now), |row| row.get(0))?);
            Ok(())
        })
    }

    /// Stores the state in the log of states, where that can be done: it has no room for large ones and
    /// is not synced, and the file must have a state that this one takes the place of.
    fn log_state(self: &Arc<Self>, json: &str) -> bool {
        if self.gate.is_some() || json.len() > MAX_BYTES || json.contains('\n') {
            return false;
        }
        let mut guard = self.open.lock();
        let Some(Open { state_set_at: Some(set_at), .. }) = guard.as_mut() else { return false };
        match self.storage.states.append(&self.id, self, json, *set_at) {
            Ok(at) => *set_at = at,
            Err(error) => {
                tracing::warn!(instance = %self.id, %error, "the log of states cannot be written");
                return false;
            }
        }
        self.used.store(true, Ordering::Relaxed);
        self.state_waits.store(true, Ordering::Relaxed);
        true
    }

    /// Puts a state that is in the log of states alone into the file.
    pub(crate) fn write_back(&self) -> Result<(), AgentError> {
        let mut guard = self.open.lock();
        guard.as_mut().map_or(Ok(()), |open| self.write_state_back(open))
    }

    fn write_state_back(&self, open: &mut Open) -> Result<(), AgentError> {
        if !self.state_waits.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let Some(state) = self.storage.states.waiting(&self.id) {
            write_back::into(&open.connection, open.versions, &state)?;
            self.storage.states.written(&self.id, state.at);
        }
        self.state_waits.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// From now on the tables of chats are there whenever the file is used.
    pub(crate) fn chats(&self) {
        self.chats.store(true, Ordering::Relaxed);
    }

    fn run<T, E: From<AgentError>>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Open) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut guard = self.open.lock();
        self.used.store(true, Ordering::Relaxed);
        let opened = guard.is_none();
        let open = self.opened(&mut guard).map_err(E::from)?;
        let ready = self.write_state_back(open).and_then(|()| self.bring_chats(open));
        let result = ready.map_err(E::from).and_then(|()| work(open));
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

    fn bring_chats(&self, open: &mut Open) -> Result<(), AgentError> {
        match self.chats.load(Ordering::Relaxed) {
            true => open.versions.bring(&mut open.connection, Tables::Chat),
            false => Ok(()),
        }
    }

    fn opened<'a>(
        &self,
        guard: &'a mut MutexGuard<'_, Option<Open>>,
    ) -> Result<&'a mut Open, AgentError> {
        if self.destroyed.load(Ordering::Relaxed) {
            return Err(AgentError::Gone);
        }
        if guard.is_none() {
            // An earlier process or instance may have left a state in the log.
            self.state_waits.store(true, Ordering::Relaxed);
            **guard = Some(self.open()?);
        }
        guard.as_mut().ok_or(AgentError::Gone)
    }

    fn open(&self) -> Result<Open, AgentError> {
        if new_file::is_new(&self.path)? {
            self.storage.index.add_instance(&self.id)?;
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)
                    .map_err(|source| AgentError::DataDir { path: folder.to_owned(), source })?;
            }
            let page_size = match self.chats.load(Ordering::Relaxed) {
                true => new_file::LARGE_PAGE,
                false => new_file::SMALL_PAGE,
            };
            new_file::write(&self.path, page_size)?;
        }
        // Also for files that are older than this.
        long_name::keep(&self.id, &self.storage.data_dir)?;
        let connection = open_database(&self.path)?;
        let versions = Versions::read(&connection)?;
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
        Ok(Open { connection, versions, state_set_at: None })
    }

    /// Closes the file, unless it was used since this was last asked.
    pub(super) fn close_unless_used(&self) -> bool {
        let Some(mut open) = self.open.try_lock() else { return false };
        if self.used.swap(false, Ordering::Relaxed) && open.is_some() {
            return false;
        }
        if open.as_mut().is_some_and(|open| self.write_state_back(open).is_err()) {
            return false;
        }
        open.take().into_iter().for_each(|open| close_at_once(open.connection));
        true
    }

    /// Closes and removes the file; what is left of the instance cannot write any more.
    pub(crate) async fn destroy(&self) -> Result<(), AgentError> {
        let open = {
            let mut open = self.open.lock();
            self.destroyed.store(true, Ordering::Relaxed);
            open.take()
        };
        open.into_iter().for_each(|open| close_at_once(open.connection));
        self.storage.states.forget(&self.id);
        // A file that is still being closed would remove the log of a new one of the same name.
        self.storage.closer.settled().await;
        for suffix in ["", "-wal", "-shm"] {
            let mut file = self.path.clone().into_os_string();
            file.push(suffix);
            if_there(fs::remove_file(&file))
                .map_err(|source| AgentError::DataDir { path: file.into(), source })?;
        }
        let children = self.id.children_folder(&self.storage.data_dir);
        if_there(fs::remove_dir_all(&children))
            .map_err(|source| AgentError::DataDir { path: children, source })?;
        long_name::forget(&self.id, &self.storage.data_dir)?;
        self.storage.index.remove_instance(&self.id)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(mut open) = self.open.get_mut().take() {
            if let Err(error) = self.write_state_back(&mut open) {
                tracing::warn!(instance = %self.id, %error, "the state is still in the log of states");
            }
            self.storage.closer.close(open.connection);
        }
    }
}

/// Opens a database, which SQLite creates where there is none.
pub(crate) fn open_database(path: &Path) -> Result<Connection, AgentError> {
    let mut connection = Connection::open(path)?;
    // A transaction that reads before it writes would fail where the log is emptied between the two, by the
    // closing of an earlier connection; one that begins as a writer waits for that.
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A shell may have put the file into another mode. With a log, NORMAL leaves every commit with
    // the operating system, where it survives the process; at level `power` the gate has it synced
    // before anything is sent.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON",
    )?;
    Ok(connection)
}
