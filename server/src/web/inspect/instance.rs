//! One instance: what it has stored, who is connected, what went wrong. It is not woken.

use std::{sync::Arc, time::Duration};

use async_stream::stream;
use axum::{
    Json,
    extract::{Path, State},
    response::{
        IntoResponse, Response,
        sse::{Event as SentEvent, KeepAlive, Sse},
    },
};
use domovoi_agents::{
    Agents,
    inspect::{QueryError, QueryLimits, QueryRows},
};
use domovoi_app::{
    language::Lang,
    types::inspect::{InstanceView, QueryRequest, QueryView},
};
use futures::StreamExt;
use http::{HeaderMap, StatusCode, header};
use tokio::time::sleep;

use super::log;
use crate::{
    people::{Entry, Event, People},
    refusal::refusal,
    web::people::Asker,
};

const TABLES: &str = "
    SELECT s.name, (SELECT group_concat(name, ', ') FROM pragma_table_info(s.name))
    FROM sqlite_schema s WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%' ORDER BY s.name";

const SCHEDULES: &str =
    "SELECT task, strftime('%Y-%m-%d %H:%M:%S UTC', due / 1000, 'unixepoch'), timing
     FROM domovoi_schedules WHERE waiting ORDER BY due";

/// The table that [`SCHEDULES`] reads.
const SCHEDULES_TABLE: &str = "domovoi_schedules";

/// Shortest time between two events of a stream: an instance can do a thousand things in it.
const PAUSE: Duration = Duration::from_millis(200);

/// After how long an instance that could not be looked at is looked at again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// `GET /api/inspect/{agent}/{name}`; whoever wants a stream of events gets one whenever something
/// happens in the instance.
pub(super) async fn look(
    State(agents): State<Agents>,
    State(people): State<Arc<People>>,
    Path((agent, name)): Path<(String, String)>,
    asker: Asker,
    headers: HeaderMap,
) -> Response {
    let lang = Lang::of(&headers);
    let wants_events = headers.get(header::ACCEPT).is_some_and(|it| it == "text/event-stream");
    let happenings = wants_events.then(|| agents.watch(&agent, &name));
    let stopping = agents.clone();
    let look = move || view_of(&agents, &people, &agent, &name, asker.is_owner, lang);
    let mut happenings = match happenings {
        None => return answer(look).await,
        Some(Ok(happenings)) => happenings,
        Some(Err(error)) => return error.into_response(),
    };
    let events = stream! {
        loop {
            let Ok(Ok(view)) = tokio::task::spawn_blocking(look.clone()).await else {
                // It has too much to do at this moment.
                sleep(AGAIN_AFTER).await;
                continue;
            };
            yield SentEvent::default().json_data(view);
            sleep(PAUSE).await;
            happenings.next().await;
        }
    };
    // A server that stops waits for nobody who looks.
    let events = Box::pin(events.take_until(Box::pin(async move { stopping.stopping().await })));
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

fn view_of(
    agents: &Agents,
    people: &People,
    agent: &str,
    name: &str,
    is_owner: bool,
    lang: Lang,
) -> Result<InstanceView, QueryError> {
    let connections = agents.connections_of(agent, name)?;
    let connections = connections.iter().map(|connection| {
        format!("{} {}", connection.id(), connection.identity_name().unwrap_or_default())
    });
    let read = |sql| agents.query_stored(agent, name, sql, QueryLimits::default());
    let tables: Vec<[String; 2]> = rows_of(read(TABLES)?).collect();
    let has = |table: &str| tables.iter().any(|[name, _]| name == table);
    let schedules = if has(SCHEDULES_TABLE) { read(SCHEDULES)? } else { QueryRows::default() };
    let schedules = rows_of(schedules).map(|[task, due, timing]| format!("{task} {due} {timing}"));
    let mut lines = log::of_instance(agents, agent, name, has)?;
    // Instances of others may have the same name, and nobody but the owner unlocks.
    if is_owner {
        lines.extend(unlocked(people, agent, name));
    }
    Ok(InstanceView {
        log: log::shown(lines, lang),
        tables: tables.iter().map(|[name, columns]| format!("{name} ({columns})")).collect(),
        connections: connections.collect(),
        schedules: schedules.collect(),
    })
}

/// `POST /api/inspect/{agent}/{name}/sql`
pub(super) async fn query(
    State(agents): State<Agents>,
    State(people): State<Arc<People>>,
    Path((agent, name)): Path<(String, String)>,
    asker: Asker,
    Json(QueryRequest { sql, unlocked }): Json<QueryRequest>,
) -> Response {
    if !unlocked {
        let query = move || {
            let found = agents.query_stored(&agent, &name, &sql, QueryLimits::default())?;
            Ok(view(found, None))
        };
        return answer(query).await;
    }
    if !asker.is_owner {
        let message = "Only the owner may change what agents have stored.";
        return refusal(StatusCode::FORBIDDEN, "owner_only", message);
    }
    // Before it is done: what is not written down is not done.
    if let Err(error) = people.note_sql(&asker.by, &instance_of(&agent, &name), &sql) {
        tracing::error!(%error, "what is changed by SQL cannot be written down");
        let message = "It cannot be written down who changes it, so nothing was changed.";
        return refusal(StatusCode::INTERNAL_SERVER_ERROR, "internal", message);
    }
    let change = move || {
        let done = agents.change_stored(&agent, &name, &sql, QueryLimits::default())?;
        Ok(view(done.rows, Some(done.changed)))
    };
    answer(change).await
}

fn view(found: QueryRows, changed: Option<u64>) -> QueryView {
    QueryView { columns: found.columns, rows: found.rows, more: found.more, changed }
}

/// What an instance is called in the audit log.
fn instance_of(agent: &str, name: &str) -> String {
    format!("{agent}/{name}")
}

/// What was run with writing unlocked.
fn unlocked(people: &People, agent: &str, name: &str) -> Vec<log::Line> {
    let found = people.audit_of(Event::SqlUnlocked, &instance_of(agent, name));
    let found = found.unwrap_or_else(|error| {
        tracing::warn!(%error, "the audit log cannot be read");
        Vec::new()
    });
    let line = |entry: Entry| (entry.at, format!("unlocked SQL: {} {}", entry.detail, entry.actor));
    found.into_iter().map(line).collect()
}

/// Rows of so many columns; `NULL` is empty.
pub(super) fn rows_of<const N: usize>(found: QueryRows) -> impl Iterator<Item = [String; N]> {
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
        QueryError::NotOwnRows => "not_own_rows",
        QueryError::TimedOut(_) => "timed_out",
        _ => "invalid_query",
    };
    refusal(StatusCode::BAD_REQUEST, code, &error.to_string())
}
