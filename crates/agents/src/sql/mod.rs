//! An instance's own SQL database, for any tables it likes.
//!
//! [`sql!`](crate::sql!) writes most calls shorter: values in the text, bound all the same.

mod row;

use std::sync::Arc;

use rusqlite::Params;
use serde::de::DeserializeOwned;

use crate::{AgentError, storage::Database};

/// The SQL database of one instance. Every call is synchronous, as a local read should be, and is
/// durable at the configured level when it returns. Tables whose names begin with `domovoi_`
/// are the runtime's, and so is `PRAGMA user_version`.
///
/// Rows are read through serde, by column name into a struct or a map, by position into a tuple,
/// and the first column alone into any other type: `sql.query_one::<i64>("SELECT count(*) ...")`.
///
/// | SQLite | Rust |
/// |---|---|
/// | `NULL` | `Option`, `()` |
/// | `INTEGER` | integers, floats, and `bool` where it is 0 or 1 |
/// | `REAL` | floats |
/// | `TEXT` | `String`, `char`, enums without fields; JSON stays the text it is |
/// | `BLOB` | `Vec<u8>` and other sequences of bytes |
///
/// ```
/// # use domovoi_agents::prelude::*;
/// #[derive(Deserialize)]
/// struct User { id: i64, name: String, admin: bool }
///
/// # fn f<A: Agent>(cx: &Context<A>) -> Result<(), AgentError> {
/// let sql = cx.sql();
/// sql.execute("INSERT INTO users (name, admin) VALUES (?1, ?2)", ("Anna", true))?;
/// let users: Vec<User> = sql.query("SELECT * FROM users WHERE id > ?1", [7])?;
/// let anna: Option<User> = sql.query_optional("SELECT * FROM users WHERE name = ?1", ["Anna"])?;
/// let (count, newest): (usize, Option<i64>) =
///     sql.query_one("SELECT count(*), max(id) FROM users", [])?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Sql<'a> {
    database: &'a Arc<Database>,
}

impl<'a> Sql<'a> {
    pub(crate) fn new(database: &'a Arc<Database>) -> Self {
        Self { database }
    }

    /// Runs one statement with bound parameters and answers the number of changed rows.
    ///
    /// # Errors
    /// [`AgentError::Database`] with what SQLite says.
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<usize, AgentError> {
        self.database.with(|db| Ok(db.prepare_cached(sql)?.execute(params)?))
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// [`AgentError::Database`] with what SQLite says, [`AgentError::Row`] where a row does not
    /// fit `T`.
    pub fn query<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Vec<T>, AgentError> {
        self.read(sql, params, usize::MAX)
    }

    /// The first row of a query.
    ///
    /// # Errors
    /// As [`Sql::query`], and [`AgentError::Database`] where there is no row.
    pub fn query_one<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<T, AgentError> {
        let row = self.query_optional(sql, params)?;
        row.ok_or(AgentError::Database(rusqlite::Error::QueryReturnedNoRows))
    }

    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// As [`Sql::query`].
    pub fn query_optional<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Option<T>, AgentError> {
        Ok(self.read(sql, params, 1)?.pop())
    }

    /// Runs `work` in a transaction: all of it is kept, or, where it fails, none.
    ///
    /// # Errors
    /// The error of `work`, or [`AgentError::Database`] where the commit fails.
    pub fn transaction<T>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, AgentError>,
    ) -> Result<T, AgentError> {
        self.database.with(|db| {
            let transaction = db.transaction()?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
    }

    fn read<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: impl Params,
        limit: usize,
    ) -> Result<Vec<T>, AgentError> {
        self.database.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let columns: Vec<String> =
                statement.column_names().into_iter().map(str::to_owned).collect();
            let mut rows = statement.query(params)?;
            let mut found = Vec::new();
            while found.len() < limit
                && let Some(row) = rows.next()?
            {
                found.push(row::read(row, &columns).map_err(AgentError::Row)?);
            }
            Ok(found)
        })
    }
}
