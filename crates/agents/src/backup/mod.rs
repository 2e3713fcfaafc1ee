//! A whole data folder as one file, taken while agents run, and put back.
//!
//! A backup is a zip archive: every database as it was at one moment, every other file as it is,
//! and a manifest with sizes and hashes. Weights of models are left out, since they can be fetched
//! again, and so are earlier backups.
//!
//! | module | what is in it |
//! |---|---|
//! | `create` | [`create()`]: from a folder to an archive |
//! | `restore` | [`restore()`]: from an archive to a folder |
//! | `manifest` | what an archive says of itself |
//! | `error` | [`BackupError`] |
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (data_dir, other) = (folder.path().join("data"), folder.path().join("other"));
//! # std::fs::create_dir_all(&data_dir)?;
//! # std::fs::write(data_dir.join("note.txt"), "kept")?;
//! let file = folder.path().join("backup.zip");
//! let summary = domovoi_agents::backup::create(&data_dir, &file)?;
//! assert_eq!(summary.files, 1);
//! domovoi_agents::backup::restore(&file, &other, domovoi_agents::backup::Existing::Refuse)?;
//! assert_eq!(std::fs::read_to_string(other.join("note.txt"))?, "kept");
//! # Ok(()) }
//! ```

mod create;
mod error;
mod manifest;
mod restore;

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

pub use create::{Summary, create};
pub use error::BackupError;
pub use restore::{Existing, restore};

use crate::storage::INDEX_FILE;

/// Folders below the data folder that are no part of a backup: weights, earlier backups, and what a
/// restore has set aside.
const LEFT_OUT: [&str; 3] = ["models", "backups", "set-aside"];

/// Where a restore unpacks, below the data folder.
const UNPACKING: &str = ".restoring";

/// What SQLite has against a database, where it has anything; nothing is changed.
#[must_use]
pub fn damage(database: &Path) -> Option<String> {
    let checked = open(database).and_then(|database| {
        database.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
    });
    match checked {
        Ok(found) if found == "ok" => None,
        Ok(found) => Some(found),
        Err(error) => Some(error.to_string()),
    }
}

/// Opens a database that is there. Reading one that others write to takes the right to write.
fn open(database: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(database, flags)
}

/// Whether the name is that of a database.
fn is_database(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sqlite3")
}

/// Whether it is the index of a runtime, of which others may have their folders below this one. An
/// instance may have the same name, below a folder `agents`.
fn is_index(path: &Path) -> bool {
    path.ends_with(INDEX_FILE) && !path.iter().any(|folder| folder == "agents")
}
