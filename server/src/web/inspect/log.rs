//! What happened in an instance, by what it has written down itself (turns, runs of tasks, what people
//! decided), and what went wrong since the server began.

use std::cmp::Reverse;

use domovoi_agents::{
    Agents,
    inspect::{QueryError, QueryLimits},
};
use domovoi_app::language::Lang;

use super::instance::rows_of;
use crate::{languages::say, request_log::time};

/// A table of the runtime, and its newest lines: when, in milliseconds since 1970, and what.
const SOURCES: [(&str, &str); 3] = [
    (
        "domovoi_turns",
        "SELECT coalesce(finished_at, started_at), 'turn ' || status || CASE
           WHEN finished_at IS NULL THEN ''
           ELSE ' after ' || round((finished_at - started_at) / 1000.0, 1) || ' s' END
         FROM domovoi_turns ORDER BY started_at DESC LIMIT 50",
    ),
    (
        "domovoi_runs",
        "SELECT coalesce(finished_at, started_at, due),
           'task ' || task || ' ' || status
         FROM domovoi_runs ORDER BY id DESC LIMIT 50",
    ),
    (
        "domovoi_approval_events",
        "SELECT e.at, 'call of ' || a.tool || CASE
           WHEN e.expired THEN ' expired' WHEN e.approved THEN ' approved'
           WHEN e.approved = 0 THEN ' rejected' ELSE ' ' || e.kind END
           || coalesce(' by ' || nullif(e.decided_by, ''), '')
         FROM domovoi_approval_events e JOIN domovoi_approvals a ON a.id = e.approval_id
         ORDER BY e.at DESC LIMIT 50",
    ),
];

/// Most lines that are shown.
const MOST: usize = 50;

/// A line: when, in milliseconds since 1970, and what.
pub(super) type Line = (i64, String);

/// What the instance has written down in those of its tables that it has.
pub(super) fn of_instance(
    agents: &Agents,
    agent: &str,
    name: &str,
    has: impl Fn(&str) -> bool,
) -> Result<Vec<Line>, QueryError> {
    let mut lines = Vec::new();
    for (table, sql) in SOURCES {
        if has(table) {
            let found = agents.query_stored(agent, name, sql, QueryLimits::default())?;
            let found = rows_of(found).filter_map(|[at, what]| Some((at.parse().ok()?, what)));
            lines.extend(found);
        }
    }
    // In the words of the server's log, which has nothing that somebody has said.
    let failures = agents.failures_of(agent, name)?.into_iter();
    lines.extend(failures.map(|it| (it.at, format!("{} failed: {}", it.what, it.error))));
    Ok(lines)
}

/// The newest lines as people read them in a language, newest first.
pub(super) fn shown(mut lines: Vec<Line>, lang: Lang) -> Vec<String> {
    lines.sort_by_key(|(at, _)| Reverse(*at));
    let line = |(at, what): Line| format!("{} UTC {}", time(at), say(&what, lang));
    lines.into_iter().take(MOST).map(line).collect()
}
