//! Looking at instances from outside: what they have stored, who is connected, what went wrong.
//! Nothing is woken.
//!
//! A query runs on a connection of its own that SQLite has opened for reading, with `query_only`,
//! and with an authorizer that knows `SELECT` alone: no statement writes, attaches another file or
//! sets anything, whatever its words. [`Agents::change_stored`] alone opens a file for writing, for
//! whoever has said that they want to.

mod activity;
mod change;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{
    Connection as Database, OpenFlags,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
    types::ValueRef,
};

pub(crate) use activity::Activity;
pub use activity::{Failure, Happenings};
pub use change::Change;

use crate::{AgentError, Agents, Connection, InstanceId};

/// How much a query may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryLimits {
    /// How long it may run. Default: 2 seconds.
    pub time: Duration,
    /// Rows of an answer. Default: 200.
    pub rows: usize,
    /// Bytes of an answer. Default: 500,000.
    pub bytes: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(2), rows: 200, bytes: 500_000 }
    }
}

/// Longest query, in bytes.
const MAX_SQL: i32 = 20_000;
/// Longest value that a query may make, in bytes.
const MAX_VALUE: i32 = 20_000_000;
/// Longest value in an answer, in characters; what is longer is cut.
const MAX_SHOWN: usize = 2_000;

/// Rows of a query, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryRows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows; nothing for `NULL`.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether there are more.
    pub more: bool,
}

/// Why a query was not answered, for a person to read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// There is no such agent or instance.
    #[error(transparent)]
    Address(#[from] AgentError),
    /// It would do more than read.
    #[error("Only one statement that reads is allowed: SELECT.")]
    NotReadOnly,
    /// It would do more than read and change rows of an agent's own tables.
    #[error(
        "Only one statement is allowed: SELECT, INSERT, UPDATE or DELETE. Tables of the runtime, whose \
         names begin with domovoi_, are not changed: instances have them in memory."
    )]
    NotOwnRows,
    /// It took too long.
    #[error("The query took longer than {} seconds.", .0.as_secs_f32())]
    TimedOut(Duration),
    /// What SQLite says.
    #[error("{0}")]
    Sqlite(String),
}

impl Agents {
    /// Names of the agent types whose instances have addresses of their own.
    #[must_use]
    pub fn agent_types(&self) -> Vec<String> {
        self.top_level_types().map(str::to_owned).collect()
    }

    /// The open connections of an instance.
    ///
    /// # Errors
    /// [`AgentError::UnknownAgent`], [`AgentError::InvalidName`].
    pub fn connections_of(&self, agent: &str, name: &str) -> Result<Vec<Connection>, AgentError> {
        let id = self.resolve(agent, name, &[])?;
        Ok(self.host(&id)?.connections_of(&id))
    }

    /// The rows of a query over what an instance has stored; none where it has nothing. It blocks
    /// for as long as it takes: call it on a thread of its own.
    ///
    /// # Errors
    /// [`QueryError`], where the query is wrong, would write, or takes too long.
    pub fn query_stored(
        &self,
        agent: &str,
        name: &str,
        sql: &str,
        limits: QueryLimits,
    ) -> Result<QueryRows, QueryError> {
        let id = self.resolve(agent, name, &[])?;
        let Some(file) = self.stored(&id)? else { return Ok(QueryRows::default()) };
        open_to_read(&file, limits)
            .and_then(|db| rows(&db, sql, limits))
            .map_err(|error| explained(error, limits, QueryError::NotReadOnly))
    }

    /// The file of an instance with all that it has stored; nothing where that is nothing.
    fn stored(&self, id: &InstanceId) -> Result<Option<PathBuf>, AgentError> {
        let file = id.file(&self.config().data_dir);
        if !file.exists() {
            return Ok(None);
        }
        self.storage().write_state_back(id)?;
        Ok(Some(file))
    }
}

/// Why SQLite did not run it; `refused` where it was not to.
fn explained(error: rusqlite::Error, limits: QueryLimits, refused: QueryError) -> QueryError {
    use rusqlite::{Error, ErrorCode};
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => return QueryError::TimedOut(limits.time),
        Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => return refused,
        _ => {}
    }
    match error {
        Error::MultipleStatement | Error::InvalidQuery => refused,
        Error::SqlInputError { msg, .. } | Error::SqliteFailure(_, Some(msg)) => {
            QueryError::Sqlite(msg)
        }
        other => QueryError::Sqlite(other.to_string()),
    }
}

fn open_to_read(file: &Path, limits: QueryLimits) -> rusqlite::Result<Database> {
    let db = open(file, OpenFlags::SQLITE_OPEN_READ_ONLY, limits)?;
    db.pragma_update(None, "query_only", true)?;
    db.authorizer(Some(permit))?;
    Ok(db)
}

/// The file, with a limit to everything a statement may take.
fn open(file: &Path, access: OpenFlags, limits: QueryLimits) -> rusqlite::Result<Database> {
    let db = Database::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(limits.time)?;
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE)?;
    db.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_SQL)?;
    db.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    let end = Instant::now() + limits.time;
    db.progress_handler(1000, Some(move || Instant::now() >= end))?;
    Ok(db)
}

/// Reading, and nothing else. What a table's columns are called is asked by a pragma, and by another
/// one SQLite's search asks itself whether an index has changed.
fn permit(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => {
            Authorization::Allow
        }
        AuthAction::Function { function_name } if function_name != "load_extension" => {
            Authorization::Allow
        }
        AuthAction::Pragma { pragma_name: "table_info" | "data_version", .. } => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}

fn rows(db: &Database, sql: &str, limits: QueryLimits) -> rusqlite::Result<QueryRows> {
    let mut statement = db.prepare(sql)?;
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    if columns.is_empty() {
        // A statement that would do something, if there were anything to do.
        return Err(rusqlite::Error::InvalidQuery);
    }
    let mut answer = QueryRows { columns, ..QueryRows::default() };
    let mut bytes = 0;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let values = 0..answer.columns.len();
        let row: Vec<Option<String>> =
            values.map(|i| row.get_ref(i).map(shown)).collect::<Result<_, _>>()?;
        bytes += row.iter().flatten().map(String::len).sum::<usize>();
        if answer.rows.len() == limits.rows || bytes > limits.bytes {
            answer.more = true;
            break;
        }
        answer.rows.push(row);
    }
    Ok(answer)
}

fn shown(value: ValueRef<'_>) -> Option<String> {
    let text = match value {
        ValueRef::Null => return None,
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    };
    Some(match text.char_indices().nth(MAX_SHOWN) {
        None => text,
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
    })
}
