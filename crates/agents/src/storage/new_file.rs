//! What a new database file begins with.
//!
//! SQLite would make the same page by itself, with a journal beside it that it deletes again and
//! a second change to switch to a log. On some file systems these files cost milliseconds.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use rusqlite::ffi;

use super::if_there;
use crate::AgentError;

/// Page size of the file of an agent without chats, in bytes. A state is a few hundred bytes as a
/// rule, and what is written, summed up and cached is whole pages.
pub(super) const SMALL_PAGE: u16 = 1024;

/// Page size where long rows are usual.
pub(super) const LARGE_PAGE: u16 = 4096;

/// Whether a database is still to be created. Where nobody can tell it is not, and opening it says
/// why.
///
/// # Errors
/// [`AgentError::DatabaseDamaged`] where the file is empty and its log is not: SQLite would take it
/// for a new one and delete the log.
pub(super) fn is_new(path: &Path) -> Result<bool, AgentError> {
    match fs::metadata(path) {
        Ok(file) if file.len() > 0 => Ok(false),
        // Whoever was to write it got no further.
        Ok(_) if fs::metadata(log(path)).map_or(0, |log| log.len()) == 0 => Ok(true),
        Ok(_) => {
            let why = "the file is empty, and its log is not".to_owned();
            let code = ffi::Error::new(ffi::SQLITE_CORRUPT);
            Err(rusqlite::Error::SqliteFailure(code, Some(why)).into())
        }
        Err(error) => Ok(error.kind() == io::ErrorKind::NotFound),
    }
}

/// Writes a database without tables, in WAL mode.
pub(super) fn write(path: &Path, page_size: u16) -> Result<(), AgentError> {
    let written = || {
        // The log of an earlier file of this name, which was being removed.
        if_there(fs::remove_file(log(path)))?;
        File::create(path)?.write_all(&first_page(page_size))
    };
    written().map_err(|source| AgentError::DataDir { path: path.to_owned(), source })
}

/// The log of a database.
pub(super) fn log(database: &Path) -> PathBuf {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// The only page of a database without tables; see <https://sqlite.org/fileformat2.html>.
fn first_page(page_size: u16) -> Vec<u8> {
    const MAGIC: &[u8; 16] = b"SQLite format 3\0";
    /// Versions of the format for writing and for reading: with a log.
    const WAL: u8 = 2;
    /// An empty leaf of a table's tree.
    const LEAF: u8 = 13;
    const UTF_8: u32 = 1;
    let mut page = vec![0; usize::from(page_size)];
    let mut put = |offset: usize, bytes: &[u8]| {
        page[offset..offset + bytes.len()].copy_from_slice(bytes);
    };
    put(0, MAGIC);
    put(16, &page_size.to_be_bytes());
    // Both versions, no reserved bytes, and three fractions that are always these.
    put(18, &[WAL, WAL, 0, 64, 32, 32]);
    // The count of changes, and of pages.
    put(24, &1_u32.to_be_bytes());
    put(28, &1_u32.to_be_bytes());
    put(56, &UTF_8.to_be_bytes());
    // The change that the count of pages belongs to, and whose SQLite made it.
    put(92, &1_u32.to_be_bytes());
    put(96, &rusqlite::version_number().to_be_bytes());
    put(100, &[LEAF]);
    // Cells would begin at the end of the page.
    put(105, &page_size.to_be_bytes());
    page
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn an_empty_file_is_new_unless_it_has_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sqlite3");
        assert!(is_new(&path).unwrap());
        fs::write(&path, "").unwrap();
        assert!(is_new(&path).unwrap());
        fs::write(log(&path), "frames").unwrap();
        let error = is_new(&path).unwrap_err();
        assert!(matches!(error, AgentError::DatabaseDamaged(_)), "{error}");
        fs::write(&path, "something").unwrap();
        assert!(!is_new(&path).unwrap());
    }

    #[test]
    fn a_new_file_has_nothing_of_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sqlite3");
        write(&path, SMALL_PAGE).unwrap();
        let earlier = Connection::open(&path).unwrap();
        earlier.execute_batch("CREATE TABLE t (x)").unwrap();
        fs::remove_file(&path).unwrap();
        write(&path, SMALL_PAGE).unwrap();
        let tables = "SELECT count(*) FROM sqlite_schema";
        let connection = Connection::open(&path).unwrap();
        assert_eq!(connection.query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    }

    #[test]
    fn it_is_a_database_in_wal_mode() {
        let folder = tempfile::tempdir().unwrap();
        for page_size in [SMALL_PAGE, LARGE_PAGE] {
            let path = folder.path().join(page_size.to_string());
            write(&path, page_size).unwrap();
            let connection = Connection::open(&path).unwrap();
            let text = |sql| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
            assert_eq!(text("PRAGMA integrity_check"), "ok");
            assert_eq!(text("PRAGMA journal_mode"), "wal");
            assert_eq!(text("PRAGMA encoding"), "UTF-8");
            connection.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
            assert_eq!(text("PRAGMA integrity_check"), "ok");
            let size: u16 = connection.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
            assert_eq!(size, page_size);
        }
    }
}
