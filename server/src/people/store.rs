//! The database of people: opening it, writing to it, noticing that it has changed.

use std::{
    fmt, fs,
    path::Path,
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use rusqlite_migration::{M, Migrations};
use tokio::sync::watch;

use super::PeopleError;

/// How long a statement waits for another program that has the file locked: `domovoi user`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![
        M::up(include_str!(
            "../../../migrations/people/0001_people_sessions_invitations_audit.sql"
        )),
        M::up(include_str!("../../../migrations/people/0002_tokens.sql")),
        M::up(include_str!("../../../migrations/people/0003_token_scopes.sql")),
        M::up(include_str!("../../../migrations/people/0004_shares.sql")),
        M::up(include_str!("../../../migrations/people/0005_quotas.sql")),
        M::up(include_str!("../../../migrations/people/0006_removed.sql")),
        M::up(include_str!("../../../migrations/people/0007_identities.sql")),
    ])
});

/// Who may sign in, who has, and what happened. The server and `domovoi user` may have it open at
/// the same time.
pub(crate) struct People {
    database: Mutex<Connection>,
    /// Somebody has an account; that does not change back.
    has_accounts: AtomicBool,
    changes: watch::Sender<()>,
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}

impl People {
    /// The file in the data folder.
    pub(crate) const FILE: &str = "people.sqlite3";

    /// Opens the database of a data folder; both are made where there are none.
    ///
    /// # Errors
    /// [`PeopleError::Folder`], [`PeopleError::Database`], [`PeopleError::Migration`].
    pub(crate) fn open(data_dir: &Path) -> Result<Self, PeopleError> {
        fs::create_dir_all(data_dir)
            .map_err(|source| PeopleError::Folder { path: data_dir.to_owned(), source })?;
        let mut database = Connection::open(data_dir.join(Self::FILE))?;
        database.busy_timeout(BUSY_TIMEOUT)?;
        // There are few writes, and a session that was revoked must not come back with the power.
        database.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
        )?;
        MIGRATIONS.to_latest(&mut database)?;
        Ok(Self {
            database: Mutex::new(database),
            has_accounts: AtomicBool::new(false),
            changes: watch::Sender::new(()),
        })
    }

    /// Whether anybody has an account: then everybody has to sign in.
    pub(crate) fn has_accounts(&self) -> Result<bool, PeopleError> {
        if self.has_accounts.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let any = self.read(|db| {
            db.query_row("SELECT EXISTS (SELECT 1 FROM people)", [], |row| row.get(0))
        })?;
        self.has_accounts.store(any, Ordering::Relaxed);
        Ok(any)
    }

    /// Told after each change that may end a session.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Tells those who wait for [`People::changes`].
    pub(crate) fn changed(&self) {
        self.changes.send_replace(());
    }

    /// A number that another program's writes change, and this one's do not.
    pub(crate) fn version(&self) -> Result<i64, PeopleError> {
        self.read(|db| db.query_row("PRAGMA data_version", [], |row| row.get(0)))
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, PeopleError> {
        Ok(work(&self.database.lock())?)
    }

    /// All of it, or nothing.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, PeopleError>,
    ) -> Result<T, PeopleError> {
        let mut database = self.database.lock();
        // A transaction that reads first could not write after another program has.
        let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}

/// Unix time in milliseconds.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
