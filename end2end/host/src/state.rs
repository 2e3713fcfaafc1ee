//! State: who changed it, who may.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use domovoi_agents::prelude::*;
use serde_json::{Value, json};

const MAX_BODY: usize = 1 << 20;

#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListState {
    count: i64,
    items: Vec<Value>,
    last_updated: Option<Value>,
}

#[derive(Default)]
pub(crate) struct TestStateAgent;

#[derive(Deserialize)]
struct Update {
    state: String,
    source: String,
}

#[agent(state = ListState)]
impl TestStateAgent {
    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        let sql = cx.sql();
        sql.execute("CREATE TABLE IF NOT EXISTS updates (state TEXT, source TEXT)", [])?;
        if sql.query::<Update>("SELECT * FROM updates LIMIT 1", [])?.is_empty() {
            record(cx, &cx.state(), "server")?;
        }
        Ok(())
    }

    async fn on_state_update(
        &self,
        cx: &Context<Self>,
        state: &ListState,
        source: &StateSource,
    ) -> Result<()> {
        match source {
            StateSource::Server => record(cx, state, "server"),
            StateSource::Client(connection) => record(cx, state, connection.id()),
        }
    }

    async fn on_request(&self, cx: &Context<Self>, request: Request<Body>) -> Result<Response> {
        let path = request.uri().path().to_owned();
        let below = path.splitn(5, '/').nth(4).unwrap_or_default();
        Ok(match below {
            "state" => Json(json!({"state": *cx.state()})).into_response(),
            "state-updates" => {
                let updates =
                    cx.sql().query::<Update>("SELECT * FROM updates ORDER BY rowid", [])?;
                let updates = updates.into_iter().map(|update| {
                    let state: Value = serde_json::from_str(&update.state)?;
                    Ok(json!({"state": state, "source": update.source}))
                });
                let updates = updates.collect::<Result<Vec<Value>>>()?;
                Json(json!({"updates": updates})).into_response()
            }
            "echo" => {
                let method = request.method().to_string();
                let body = to_bytes(request.into_body(), MAX_BODY).await?;
                let body = String::from_utf8_lossy(&body);
                Json(json!({"method": method, "body": body, "path": path})).into_response()
            }
            "connections" => Json(json!({"count": cx.connections().len()})).into_response(),
            _ => axum::http::StatusCode::NOT_FOUND.into_response(),
        })
    }
}

fn record(cx: &Context<TestStateAgent>, state: &ListState, source: &str) -> Result<()> {
    let state = serde_json::to_string(state)?;
    cx.sql().execute("INSERT INTO updates VALUES (?1, ?2)", [state.as_str(), source])?;
    Ok(())
}

#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct CountState {
    count: i64,
}

#[derive(Default)]
pub(crate) struct TestReadonlyAgent;

#[agent(state = CountState)]
impl TestReadonlyAgent {
    async fn on_connect(&self, _cx: &Context<Self>, connection: &Connection) -> Result<()> {
        connection.set_readonly(connection.query("readonly").as_deref() == Some("true"));
        Ok(())
    }
}
