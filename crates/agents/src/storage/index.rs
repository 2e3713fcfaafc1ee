//! The central index: which instances have a database, and when each has to be woken next.

use std::{
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, params};
use rusqlite_migration::{M, Migrations};
use tokio::sync::Notify;

use super::{database::open_database, new_file, rebuild};
use crate::{AgentError, InstanceId};

static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![M::up(include_str!(
        "../../../../migrations/index/0001_instances_and_alarms.sql"
    ))])
});

/// Its file in the data folder.
pub(crate) const FILE: &str = "agents.sqlite3";

/// The largest index that is looked through when it is opened, in bytes: a hundred thousand instances.
const CHECKED_BYTES: u64 = 16 << 20;

/// When an instance has to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alarm {
    /// Unix time in milliseconds.
    pub(crate) due: i64,
    /// There is work that a crash would interrupt.
    pub(crate) open: bool,
}

/// Agent type and key of an instance whose alarm is due.
pub(crate) type Due = (String, String);

#[derive(Debug)]
pub(crate) struct Index {
    file: PathBuf,
    database: Mutex<Connection>,
    /// Earliest alarm that has not fired, as far as whoever waits for it knows.
    awaited: AtomicI64,
    /// Told when an alarm comes before that.
    pub(crate) earlier: Notify,
    changed: AtomicBool,
}

impl Index {
    /// Opens the index. Alarms that had fired fire again, and those of interrupted work at once. One
    /// that is damaged is kept aside, and a new one made from the files of the instances; so it is where
    /// there are instances and no index.
    pub(super) fn open(data_dir: &Path) -> Result<Self, AgentError> {
        let file = data_dir.join(FILE);
        let found = match new_file::is_new(&file) {
            Ok(true) if rebuild::has_instances(data_dir) => None,
            Ok(true) => {
                new_file::write(&file, new_file::LARGE_PAGE)?;
                Some(Self::database(&file)?)
            }
            Ok(false) => match Self::database(&file) {
                Ok(database) => Some(database),
                Err(error @ AgentError::DatabaseDamaged(_)) => {
                    tracing::error!(file = %file.display(), %error, "the index is damaged");
                    None
                }
                Err(error) => return Err(error),
            },
            Err(error @ AgentError::DatabaseDamaged(_)) => {
                tracing::error!(file = %file.display(), %error, "the index is damaged");
                None
            }
            Err(error) => return Err(error),
        };
        let database = found.map_or_else(|| Self::rebuilt(data_dir, &file), Ok)?;
        Ok(Self {
            file,
            database: Mutex::new(database),
            awaited: AtomicI64::new(i64::MAX),
            earlier: Notify::new(),
            changed: AtomicBool::new(true),
        })
    }

    fn database(file: &Path) -> Result<Connection, AgentError> {
        let mut database = open_database(file)?;
        MIGRATIONS.to_latest(&mut database)?;
        database.execute(
            "UPDATE alarms SET fired = 0, due = iif(open, 0, due) WHERE fired OR open",
            [],
        )?;
        // What is damaged further on would show when an instance is asked for. Of a large one nobody
        // waits for that at each start; `domovoi doctor` looks.
        let size = std::fs::metadata(file).map_or(0, |file| file.len());
        if size > CHECKED_BYTES {
            return Ok(database);
        }
        let whole: String = database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if whole == "ok" {
            return Ok(database);
        }
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        Err(rusqlite::Error::SqliteFailure(code, Some(whole)).into())
    }

    /// A new index. It is complete before it takes the place of what is there.
    fn rebuilt(data_dir: &Path, file: &Path) -> Result<Connection, AgentError> {
        let new = file.with_extension("rebuilding");
        new_file::write(&new, new_file::LARGE_PAGE)?;
        let mut database = Self::database(&new)?;
        let instances = rebuild::fill(&mut database, data_dir)?;
        drop(database);
        let aside = match file.exists() || new_file::log(file).exists() {
            true => Some(rebuild::keep_aside(file)?),
            false => None,
        };
        std::fs::rename(&new, file)
            .map_err(|source| AgentError::DataDir { path: file.to_owned(), source })?;
        tracing::warn!(
            instances,
            kept = aside.map(|aside| aside.display().to_string()),
            "the index was made anew from the files of the instances"
        );
        Self::database(file)
    }

    /// Brings the index of a folder that was put back from a backup in step with the files beside
    /// it: instances without a file are forgotten, and those with tasks to run are woken at the
    /// start, whatever their alarms were when the backup was made.
    #[cfg(feature = "backup")]
    pub(crate) fn restored(data_dir: &Path) -> Result<(), AgentError> {
        if !data_dir.join(FILE).exists() {
            return Ok(());
        }
        let mut database = open_database(&data_dir.join(FILE))?;
        MIGRATIONS.to_latest(&mut database)?;
        let transaction = database.transaction()?;
        transaction.execute("DELETE FROM alarms", [])?;
        {
            let mut instances = transaction.prepare("SELECT agent, key FROM instances")?;
            let mut forget =
                transaction.prepare("DELETE FROM instances WHERE agent = ?1 AND key = ?2")?;
            let mut wake =
                transaction.prepare("INSERT INTO alarms (agent, key, due) VALUES (?1, ?2, 0)")?;
            let rows = instances.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let all: Vec<Due> = rows.collect::<Result<_, _>>()?;
            for (agent, key) in all {
                let file = InstanceId::from_key(&agent.as_str().into(), &key).file(data_dir);
                if !file.exists() {
                    forget.execute([&agent, &key])?;
                } else if crate::schedule::has_work(&file) {
                    wake.execute([&agent, &key])?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    fn write<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, AgentError>,
    ) -> Result<T, AgentError> {
        let result = work(&mut self.database.lock());
        self.changed.store(true, Ordering::Relaxed);
        result
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether anything was written since this was last asked.
    pub(super) fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::Relaxed)
    }

    pub(super) fn add_instance(&self, id: &InstanceId) -> Result<(), AgentError> {
        self.write(|db| {
            db.prepare_cached(
                "INSERT INTO instances (agent, key, created_at)
                 VALUES (?1, ?2, unixepoch('subsec') * 1000) ON CONFLICT DO NOTHING",
            )?
            .execute(params![id.agent(), id.key()])?;
            Ok(())
        })
    }

    pub(super) fn remove_instance(&self, id: &InstanceId) -> Result<(), AgentError> {
        self.write(|db| {
            let transaction = db.transaction()?;
            for delete in [
                "DELETE FROM instances WHERE agent = ?1 AND key = ?2",
                "DELETE FROM alarms WHERE agent = ?1 AND key = ?2",
            ] {
                transaction.prepare_cached(delete)?.execute(params![id.agent(), id.key()])?;
            }
            Ok(transaction.commit()?)
        })
    }

    /// Names of instances of `agent` whose keys begin with `prefix`, in order, after `after`.
    pub(crate) fn names(
        &self,
        agent: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, AgentError> {
        let database = self.database.lock();
        let mut statement = database.prepare_cached(
            "SELECT substr(key, length(?2) + 1) AS name FROM instances
             WHERE agent = ?1 AND key > ?3 AND key < ?2 || char(1114111)
               AND instr(substr(key, length(?2) + 1), char(31)) = 0
             ORDER BY key LIMIT ?4",
        )?;
        let from = format!("{prefix}{}", after.unwrap_or_default());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let names = statement.query_map(params![agent, prefix, from, limit], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    /// Names of top-level instances of `agent` that are to be woken some time, in order, after
    /// `after`.
    pub(crate) fn scheduled(
        &self,
        agent: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, AgentError> {
        let database = self.database.lock();
        let mut statement = database.prepare_cached(
            "SELECT key FROM alarms WHERE agent = ?1 AND key > ?2 AND instr(key, char(31)) = 0
             ORDER BY key LIMIT ?3",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let after = after.unwrap_or_default();
        let names = statement.query_map(params![agent, after, limit], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    /// The alarm of an instance.
    pub(crate) fn alarm(&self, id: &InstanceId) -> Result<Option<Alarm>, AgentError> {
        let database = self.database.lock();
        let mut statement = database
            .prepare_cached("SELECT due, open FROM alarms WHERE agent = ?1 AND key = ?2")?;
        let alarm = statement.query_row(params![id.agent(), id.key()], |row| {
            Ok(Alarm { due: row.get(0)?, open: row.get(1)? })
        });
        Ok(alarm.optional()?)
    }

    /// Sets or removes the alarm of an instance.
    pub(crate) fn set_alarm(
        &self,
        id: &InstanceId,
        alarm: Option<Alarm>,
    ) -> Result<(), AgentError> {
        self.write(|db| {
            match alarm {
                Some(alarm) => db
                    .prepare_cached(
                        "INSERT INTO alarms (agent, key, due, open) VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT (agent, key)
                         DO UPDATE SET due = excluded.due, open = excluded.open, fired = 0",
                    )?
                    .execute(params![id.agent(), id.key(), alarm.due, alarm.open])?,
                None => db
                    .prepare_cached("DELETE FROM alarms WHERE agent = ?1 AND key = ?2")?
                    .execute(params![id.agent(), id.key()])?,
            };
            Ok(())
        })?;
        if alarm.is_some_and(|alarm| alarm.due < self.awaited.load(Ordering::Relaxed)) {
            self.earlier.notify_one();
        }
        Ok(())
    }

    /// Alarms that are due at `now`, earliest first. They count as fired from now on.
    pub(crate) fn fire(&self, now: i64, limit: usize) -> Result<Vec<Due>, AgentError> {
        self.write(|db| {
            let transaction = db.transaction()?;
            let due = {
                let mut statement = transaction.prepare_cached(
                    "SELECT agent, key FROM alarms WHERE fired = 0 AND due <= ?1
                     ORDER BY due LIMIT ?2",
                )?;
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                let rows = statement
                    .query_map(params![now, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.collect::<Result<Vec<Due>, _>>()?
            };
            {
                let mut fired = transaction
                    .prepare_cached("UPDATE alarms SET fired = 1 WHERE agent = ?1 AND key = ?2")?;
                for (agent, key) in &due {
                    fired.execute(params![agent, key])?;
                }
            }
            transaction.commit()?;
            Ok(due)
        })
    }

    /// The earliest alarm that has not fired. [`Index::earlier`] tells when one comes before it.
    pub(crate) fn next(&self) -> Result<Option<i64>, AgentError> {
        // Whatever is set while this looks counts as earlier.
        self.awaited.store(i64::MAX, Ordering::Relaxed);
        let next: Option<i64> = self
            .database
            .lock()
            .prepare_cached("SELECT min(due) FROM alarms WHERE fired = 0")?
            .query_row([], |row| row.get(0))?;
        self.awaited.store(next.unwrap_or(i64::MAX), Ordering::Relaxed);
        Ok(next)
    }

    /// Lets an alarm fire once more, at `due`: its instance could not do what there was to do.
    pub(crate) fn postpone(&self, id: &InstanceId, due: i64) -> Result<(), AgentError> {
        self.write(|db| {
            db.prepare_cached(
                "UPDATE alarms SET fired = 0, due = ?3 WHERE agent = ?1 AND key = ?2",
            )?
            .execute(params![id.agent(), id.key(), due])?;
            Ok(())
        })?;
        self.earlier.notify_one();
        Ok(())
    }
}
