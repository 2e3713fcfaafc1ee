//! `/api/inspect`: what agents have stored, for the page of agents. For pages of this server alone.
//!
//! | route | what it answers |
//! |---|---|
//! | `GET /api/inspect` | agent types, each with its first instances |
//! | `GET /api/inspect/{agent}?after=` | a page of instances |
//! | `GET /api/inspect/{agent}/{name}` | tables, connections, schedules and log of one; as a stream of events, whenever something happens in it |
//! | `POST /api/inspect/{agent}/{name}/sql` | rows of a query that reads; unlocked it may change some |

mod instance;
mod log;
mod own_pages;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRef, Path, Query, State},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domovoi_agents::{AgentError, Agents};
use domovoi_app::types::inspect::{AgentTypeView, INSTANCES_PAGE};
use serde::Deserialize;

use crate::people::People;

/// What is looked at, and where it is written down who changes something.
#[derive(Clone, FromRef)]
struct Inspected {
    agents: Agents,
    people: Arc<People>,
}

/// The routes.
pub(super) fn routes(agents: Agents, people: Arc<People>) -> Router {
    Router::new()
        .route("/api/inspect", get(types))
        .route("/api/inspect/{agent}", get(instances))
        .route("/api/inspect/{agent}/{name}", get(instance::look))
        .route("/api/inspect/{agent}/{name}/sql", post(instance::query))
        .layer(middleware::from_fn(own_pages::check))
        .with_state(Inspected { agents, people })
}

/// Agent types, each with its first instances.
pub(super) fn all_types(agents: &Agents) -> Result<Vec<AgentTypeView>, AgentError> {
    agents.agent_types().iter().map(|agent| page(agents, agent, None)).collect()
}

fn page(agents: &Agents, agent: &str, after: Option<&str>) -> Result<AgentTypeView, AgentError> {
    let mut names = agents.list(agent, after, INSTANCES_PAGE + 1)?;
    let more = names.len() > INSTANCES_PAGE;
    names.truncate(INSTANCES_PAGE);
    Ok(AgentTypeView { agent: agent.to_owned(), names, more })
}

async fn types(State(agents): State<Agents>) -> Response {
    match all_types(&agents) {
        Ok(types) => Json(types).into_response(),
        Err(error) => error.into_response(),
    }
}

#[derive(Deserialize)]
struct After {
    after: Option<String>,
}

async fn instances(
    State(agents): State<Agents>,
    Path(agent): Path<String>,
    Query(After { after }): Query<After>,
) -> Response {
    match page(&agents, &agent, after.as_deref()) {
        Ok(page) => Json(page).into_response(),
        Err(error) => error.into_response(),
    }
}
