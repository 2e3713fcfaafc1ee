//! One instance: what it has stored, who is connected. It is not woken.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domovoi_agents::{
    Agents,
    inspect::{QueryError, QueryLimits, QueryRows},
};
use domovoi_app::types::inspect::{InstanceView, QueryRequest, QueryView};
use http::StatusCode;

use crate::refusal::refusal;

const TABLES: &str = "
    SELECT s.name, (SELECT group_concat(name, ', ') FROM pragma_table_info(s.name))
    FROM sqlite_schema s WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%' ORDER BY s.name";

const SCHEDULES: &str =
    "SELECT task, strftime('%Y-%m-%d %H:%M:%S UTC', due / 1000, 'unixepoch'), timing
     FROM domovoi_schedules WHERE waiting ORDER BY due";

/// The table that [`SCHEDULES`] reads.
const SCHEDULES_TABLE: &str = "domovoi_schedules";

/// `GET /api/inspect/{agent}/{name}`
pub(super) async fn look(
    State(agents): State<Agents>,
    Path((agent, name)): Path<(String, String)>,
) -> Response {
    let look = move || {
        let connections = agents.connections_of(&agent, &name)?;
        let connections = connections.iter().map(|connection| {
            format!("{} {}", connection.id(), connection.identity_name().unwrap_or_default())
        });
        let read = |sql| agents.query_stored(&agent, &name, sql, QueryLimits::default());
        let tables: Vec<[String; 2]> = rows_of(read(TABLES)?).collect();
        let has_schedules = tables.iter().any(|[name, _]| name == SCHEDULES_TABLE);
        let schedules = if has_schedules { read(SCHEDULES)? } else { QueryRows::default() };
        let schedules =
            rows_of(schedules).map(|[task, due, timing]| format!("{task} at {due} {timing}"));
        Ok(InstanceView {
            tables: tables.iter().map(|[name, columns]| format!("{name} ({columns})")).collect(),
            connections: connections.collect(),
            schedules: schedules.collect(),
        })
    };
    answer(look).await
}

/// `POST /api/inspect/{agent}/{name}/sql`
pub(super) async fn query(
    State(agents): State<Agents>,
    Path((agent, name)): Path<(String, String)>,
    Json(request): Json<QueryRequest>,
) -> Response {
    let query = move || {
        let found = agents.query_stored(&agent, &name, &request.sql, QueryLimits::default())?;
        Ok(QueryView { columns: found.columns, rows: found.rows, more: found.more })
    };
    answer(query).await
}

/// Rows of so many columns; `NULL` is empty.
fn rows_of<const N: usize>(found: QueryRows) -> impl Iterator<Item = [String; N]> {
    found.rows.into_iter().filter_map(|row| {
        row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().try_into().ok()
    })
}

/// Reads on a thread that may wait.
async fn answer<T: serde::Serialize + Send + 'static>(
    work: impl FnOnce() -> Result<T, QueryError> + Send + 'static,
) -> Response {
    let error = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(found)) => return Json(found).into_response(),
        Ok(Err(QueryError::Address(error))) => return error.into_response(),
        Ok(Err(error)) => error,
        Err(error) => {
            tracing::error!(%error, "an instance cannot be looked at");
            let message = "The instance cannot be looked at.";
            return refusal(StatusCode::INTERNAL_SERVER_ERROR, "internal", message);
        }
    };
    let code = match error {
        QueryError::NotReadOnly => "not_read_only",
        QueryError::TimedOut(_) => "timed_out",
        _ => "invalid_query",
    };
    refusal(StatusCode::BAD_REQUEST, code, &error.to_string())
}
