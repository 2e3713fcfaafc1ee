//! Changing what an instance has stored, from outside: rows of the agent's own tables, in one
//! statement that is done as a whole or not at all.
//!
//! The instance may be awake meanwhile: SQLite lets one of both write after the other. It has its
//! state and its conversation in memory, so the tables of the runtime are only read.

use rusqlite::{
    Connection as Database, OpenFlags,
    hooks::{AuthAction, AuthContext, Authorization},
};

use super::{QueryError, QueryLimits, QueryRows, explained, open, permit, rows};
use crate::Agents;

/// What a statement that may change rows has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Rows that were inserted, updated or deleted.
    pub changed: u64,
    /// What it answers, where it asks for something.
    pub rows: QueryRows,
}

impl Agents {
    /// Runs a statement that may change rows of an agent's own tables; nothing happens where the
    /// instance has stored nothing. It blocks for as long as it takes: call it on a thread of its own.
    ///
    /// # Errors
    /// [`QueryError`], where the statement is wrong, would do more than that, or takes too long;
    /// nothing was changed then.
    pub fn change_stored(
        &self,
        agent: &str,
        name: &str,
        sql: &str,
        limits: QueryLimits,
    ) -> Result<Change, QueryError> {
        let id = self.resolve(agent, name, &[])?;
        let Some(file) = self.stored(&id)? else { return Ok(Change::default()) };
        let change = open(&file, OpenFlags::SQLITE_OPEN_READ_WRITE, limits)
            .and_then(|db| change(&db, sql, limits))
            .map_err(|error| explained(error, limits, QueryError::NotOwnRows))?;
        self.activity().happened(&id);
        Ok(change)
    }
}

/// Whatever goes wrong, the connection is closed before the commit.
fn change(db: &Database, sql: &str, limits: QueryLimits) -> rusqlite::Result<Change> {
    db.execute_batch("PRAGMA foreign_keys = ON; BEGIN IMMEDIATE")?;
    db.authorizer(Some(permit_rows))?;
    let before = db.total_changes();
    let answers = db.prepare(sql)?.column_count() > 0;
    let rows = match answers {
        true => rows(db, sql, limits)?,
        false => {
            db.execute(sql, [])?;
            QueryRows::default()
        }
    };
    let changed = db.total_changes() - before;
    db.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    db.execute_batch("COMMIT")?;
    Ok(Change { changed, rows })
}

fn permit_rows(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name }
            if !is_runtimes(table_name) =>
        {
            Authorization::Allow
        }
        _ => permit(context),
    }
}

/// Whether a table is the runtime's or SQLite's own; names are the same in small and capital letters.
fn is_runtimes(table: &str) -> bool {
    let table = table.to_ascii_lowercase();
    table.starts_with("domovoi_") || table.starts_with("sqlite_")
}
