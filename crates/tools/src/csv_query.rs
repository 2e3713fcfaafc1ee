//! SQL over a table of values, in a database in memory that nothing else is in.

use std::time::{Duration, Instant};

use domovoi_agents::prelude::*;
use rusqlite::{
    Connection, Statement,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
    types::ValueRef,
};
use serde_json::{Value, json};

use crate::{
    attachments::{Content, attached, given},
    csv_table,
    text_encoding::to_text,
};

/// Largest table, in bytes of its text.
const MAX_BYTES: usize = 10_000_000;
/// Longest query.
const MAX_SQL: i32 = 10_000;
/// Longest value that a query may make.
const MAX_VALUE: i32 = 1_000_000;
/// How long a query may run.
const MAX_TIME: Duration = Duration::from_secs(2);
/// Most rows of an answer.
const MAX_ROWS: usize = 200;
/// Largest answer, in bytes of its text.
const MAX_ANSWER: usize = 30_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryArgs {
    /// Name of a CSV file that is attached to the conversation. Give this or `csv`.
    file: Option<String>,
    /// The CSV itself, or a data URL of it. Give this or `file`.
    csv: Option<String>,
    /// One SELECT statement of SQLite over the table `data`, whose columns are named as in the
    /// first line of the CSV; put names with spaces in double quotes.
    sql: String,
}

/// Answers questions about a CSV table by SQL: counts, sums, averages, groups, filters. To see what
/// is in it, begin with SELECT * FROM data LIMIT 5.
#[tool]
pub async fn query_csv(args: QueryArgs, cx: ToolContext) -> Result<Value> {
    let Content { bytes, .. } = match (args.file, args.csv) {
        (Some(file), None) => attached(&cx, &file, MAX_BYTES)?,
        (None, Some(csv)) => given(csv, MAX_BYTES)?,
        _ => return Err("Give either `file` or `csv`.".into()),
    };
    let work = move || {
        let (db, names) = csv_table::load(&to_text(&bytes, None))?;
        query(&db, &args.sql).map_err(|error| explain(&error, &names))
    };
    Ok(tokio::task::spawn_blocking(work).await??)
}

fn query(db: &Connection, sql: &str) -> rusqlite::Result<Value> {
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE)?;
    db.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_SQL)?;
    db.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    db.authorizer(Some(permit))?;
    let end = Instant::now() + MAX_TIME;
    db.progress_handler(1000, Some(move || Instant::now() >= end))?;
    let mut statement = db.prepare(sql)?;
    answer(&mut statement)
}

/// Reading, and nothing else.
fn permit(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select
        | AuthAction::Read { .. }
        | AuthAction::Recursive
        | AuthAction::Function { .. } => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

fn answer(statement: &mut Statement<'_>) -> rusqlite::Result<Value> {
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let (mut rows, mut size, mut more) = (Vec::new(), 0, false);
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let values: Vec<Value> =
            (0..columns.len()).map(|i| row.get_ref(i).map(to_json)).collect::<Result<_, _>>()?;
        let row = Value::Array(values);
        size += row.to_string().len();
        if rows.len() == MAX_ROWS || size > MAX_ANSWER {
            more = true;
            break;
        }
        rows.push(row);
    }
    let mut answer = json!({ "columns": columns, "rows": rows });
    if more {
        answer["note"] = json!("There are more rows. Aggregate, or use LIMIT and OFFSET.");
    }
    Ok(answer)
}

fn to_json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()).into(),
    }
}

fn explain(error: &rusqlite::Error, names: &[String]) -> String {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => {
            return format!("The query took longer than {} seconds.", MAX_TIME.as_secs());
        }
        Some(ErrorCode::AuthorizationForStatementDenied) => {
            return "Only SELECT is allowed.".to_owned();
        }
        _ => {}
    }
    let what = match error {
        rusqlite::Error::MultipleStatement => {
            return "Only one statement is allowed in a query.".to_owned();
        }
        rusqlite::Error::SqlInputError { msg, .. }
        | rusqlite::Error::SqliteFailure(_, Some(msg)) => msg.clone(),
        other => other.to_string(),
    };
    let names: String = names.join("\", \"").chars().take(2000).collect();
    format!("The query failed: {what}. The table `data` has the columns \"{names}\".")
}
