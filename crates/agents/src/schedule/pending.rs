//! Whether a database at rest has tasks to run.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// Whether an instance whose database is `file` has schedules, runs or queued tasks that it should
/// be woken for. A file that cannot be read has none: waking its instance would not help.
pub(crate) fn has_work(file: &Path) -> bool {
    let work = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(file, flags)?;
        // An instance that never scheduled anything need not have the tables.
        let tables: i64 = database.query_row(
            "SELECT count(*) FROM sqlite_schema
             WHERE name IN ('domovoi_schedules', 'domovoi_runs', 'domovoi_queue')",
            [],
            |row| row.get(0),
        )?;
        if tables < 3 {
            return Ok(false);
        }
        database.query_row(
            "SELECT EXISTS (SELECT 1 FROM domovoi_schedules WHERE waiting)
                 OR EXISTS (SELECT 1 FROM domovoi_queue)
                 OR EXISTS (SELECT 1 FROM domovoi_runs
                            WHERE status IN ('waiting', 'running', 'retrying'))",
            [],
            |row| row.get(0),
        )
    };
    let work: rusqlite::Result<bool> = work();
    work.unwrap_or(false)
}
