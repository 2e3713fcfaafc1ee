//! An instance's own SQL database, for any tables it likes.

use rusqlite::{Params, Row, types::ValueRef};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{AgentError, database::Database};

/// The SQL database of one instance. Every call is synchronous, as a local read should be, and is
/// durable at the configured level when it returns. Tables whose names begin with `domovoi_`
/// are the runtime's.
#[derive(Debug, Clone, Copy)]
pub struct Sql<'a> {
    database: &'a Database,
}

impl<'a> Sql<'a> {
    pub(crate) fn new(database: &'a Database) -> Self {
        Self { database }
    }

    /// Runs one statement with bound parameters and answers the number of changed rows.
    ///
    /// # Errors
    /// [`AgentError::Database`] with what SQLite says.
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<usize, AgentError> {
        self.database.with(|db| Ok(db.prepare_cached(sql)?.execute(params)?))
    }

    /// The rows of a query, each read into `T` by its column names through serde.
    ///
    /// # Errors
    /// [`AgentError::Database`] with what SQLite says, [`AgentError::Json`] where a row does not
    /// fit `T`.
    pub fn query<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Vec<T>, AgentError> {
        self.database.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let columns: Vec<String> =
                statement.column_names().into_iter().map(str::to_owned).collect();
            let mut rows = statement.query(params)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(serde_json::from_value(row_to_json(row, &columns)?)?);
            }
            Ok(found)
        })
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
}

fn row_to_json(row: &Row<'_>, columns: &[String]) -> Result<Value, AgentError> {
    let mut object = Map::with_capacity(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let value = match row.get_ref(index)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(integer) => integer.into(),
            ValueRef::Real(real) => real.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
            ValueRef::Blob(bytes) => bytes.into(),
        };
        object.insert(column.clone(), value);
    }
    Ok(Value::Object(object))
}
