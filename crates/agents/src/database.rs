//! One SQLite file per instance, opened at the first use that needs it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::{AgentError, Durability};

static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![M::up(include_str!("../../../migrations/agent/0001_state_and_chat.sql"))])
});

/// Prepared statements kept per open file.
const CACHED_STATEMENTS: usize = 32;

/// The database of one instance. The lock is never contended within an instance: its futures are
/// polled on one task and never hold it across an `.await`.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    durability: Durability,
    connection: Mutex<Option<Connection>>,
    destroyed: AtomicBool,
}

impl Database {
    pub(crate) fn new(path: PathBuf, durability: Durability) -> Self {
        let destroyed = AtomicBool::new(false);
        Self { path, durability, connection: Mutex::new(None), destroyed }
    }

    /// Whether the instance has ever written anything.
    pub(crate) fn exists(&self) -> bool {
        self.connection.lock().is_some() || self.path.exists()
    }

    /// Runs `work` with the open database, creating the file where there is none.
    ///
    /// `E` is the caller's error; opening can fail with an [`AgentError`].
    pub(crate) fn with<T, E: From<AgentError>>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut guard = self.connection.lock();
        work(self.opened(&mut guard).map_err(E::from)?)
    }

    fn opened<'a>(
        &self,
        guard: &'a mut MutexGuard<'_, Option<Connection>>,
    ) -> Result<&'a mut Connection, AgentError> {
        if self.destroyed.load(Ordering::Relaxed) {
            return Err(AgentError::Gone);
        }
        if guard.is_none() {
            **guard = Some(open(&self.path, self.durability)?);
        }
        guard.as_mut().ok_or(AgentError::Gone)
    }

    /// Closes and removes the file; what is left of the instance cannot write any more.
    pub(crate) fn destroy(&self) -> Result<(), AgentError> {
        let mut connection = self.connection.lock();
        self.destroyed.store(true, Ordering::Relaxed);
        *connection = None;
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
        Ok(())
    }
}

fn open(path: &Path, durability: Durability) -> Result<Connection, AgentError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .map_err(|source| AgentError::DataDir { path: folder.to_owned(), source })?;
    }
    let mut connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // In WAL mode NORMAL leaves every commit with the operating system; FULL syncs it as well.
    let synchronous = match durability {
        Durability::Process => "NORMAL",
        Durability::Power => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    MIGRATIONS.to_latest(&mut connection)?;
    Ok(connection)
}

/// The file of an instance below the data folder. Readable for plain names; upper-case letters
/// are escaped as well, since some file systems do not tell them apart.
pub(crate) fn file_of(data_dir: &Path, agent: &str, name: &str) -> PathBuf {
    const LONGEST: usize = 180;
    let mut file = String::with_capacity(name.len() + 8);
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => file.push(char::from(byte)),
            _ => file.push_str(&format!("%{byte:02x}")),
        }
    }
    if file.len() > LONGEST {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(name.as_bytes());
        file.truncate(LONGEST - 66);
        file.push_str("%-");
        for byte in digest {
            file.push_str(&format!("{byte:02x}"));
        }
    }
    data_dir.join("agents").join(agent).join(format!("{file}.sqlite3"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_distinct_safe_files() {
        let dir = Path::new("d");
        let file = |name: &str| file_of(dir, "a", name).display().to_string();
        assert_eq!(file("chat-1"), "d/agents/a/chat-1.sqlite3");
        assert_eq!(file("../x"), "d/agents/a/%2e%2e%2fx.sqlite3");
        assert_ne!(file("A").to_lowercase(), file("a").to_lowercase());
        let (one, two) = (file(&format!("{}1", "é".repeat(120))), file(&"é".repeat(120)));
        assert_ne!(one, two);
        assert!(one.len() < 220);
    }

    #[test]
    fn no_file_before_the_first_use_and_none_after_destroy() {
        let dir = tempfile::tempdir().unwrap();
        let path = file_of(dir.path(), "a", "b");
        let database = Database::new(path.clone(), Durability::Process);
        assert!(!database.exists());
        database.with(|c| c.execute_batch("CREATE TABLE t(x)").map_err(AgentError::from)).unwrap();
        assert!(path.exists());
        database.destroy().unwrap();
        assert!(!path.exists() && !database.exists());
    }
}
