//! HTTP routes: `/agents/{agent}/{name}` and everything below, for plain requests and WebSockets.

use axum::{
    Json, Router,
    body::Body,
    extract::{
        FromRequestParts, Path, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderMap, Request, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::json;

use crate::{AgentError, Agents, Connection, socket};

impl Agents {
    /// The routes of all agents, to merge into any axum application.
    ///
    /// ```
    /// # fn f(agents: domovoi_agents::Agents) -> axum::Router {
    /// axum::Router::new().merge(agents.routes())
    /// # }
    /// ```
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/agents/{agent}/{name}", any(serve))
            .route("/agents/{agent}/{name}/", any(serve))
            .route("/agents/{agent}/{name}/{*path}", any(serve))
            .with_state(self.clone())
    }
}

#[derive(Deserialize)]
struct Address {
    agent: String,
    name: String,
}

async fn serve(
    State(agents): State<Agents>,
    Path(Address { agent, name }): Path<Address>,
    request: Request<Body>,
) -> Response {
    if !is_allowed_origin(&agents, request.headers()) {
        return error_response(
            StatusCode::FORBIDDEN,
            "origin_not_allowed",
            "This web page may not talk to the agents. Add its origin to `allowed_origins`.",
        );
    }
    let host = match agents.host(&agent, &name) {
        Ok(host) => host,
        Err(error) => return error.into_response(),
    };
    let (mut parts, body) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut parts, &agents).await {
        Ok(upgrade) => {
            let config = agents.config();
            let id = query_value(&parts.uri, "_pk")
                .filter(|id| !id.is_empty() && id.len() <= MAX_CONNECTION_ID_BYTES)
                .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
            let (connection, outbound) = Connection::new(id, parts, config.max_queued_bytes);
            let limit = config.max_message_bytes.saturating_mul(2);
            upgrade.max_message_size(limit).max_frame_size(limit).on_upgrade(
                move |socket| async move {
                    let lifecycle = agents.clone();
                    let task = socket::run(agents, agent, name, connection, outbound, socket);
                    lifecycle.lifecycle().socket(task).await;
                },
            )
        }
        Err(WebSocketUpgradeRejection::InvalidUpgradeHeader(_))
        | Err(WebSocketUpgradeRejection::MethodNotGet(_))
        | Err(WebSocketUpgradeRejection::InvalidConnectionHeader(_)) => {
            match host.request(&agents, &name, Request::from_parts(parts, body)).await {
                Ok(response) => response,
                Err(error) => match error.downcast_ref::<AgentError>() {
                    Some(AgentError::Gone) => AgentError::Gone.into_response(),
                    _ => {
                        tracing::warn!(agent, instance = name, %error, "request failed");
                        error_response(
                            StatusCode::INTERNAL_SERVER_ERROR,
                            "handler_failed",
                            "The agent could not answer this request.",
                        )
                    }
                },
            }
        }
        Err(rejection) => rejection.into_response(),
    }
}

/// Longest `_pk` taken over from a client; a longer one is replaced.
const MAX_CONNECTION_ID_BYTES: usize = 128;

/// Whether a request comes from one of our own pages, an allowed one, or from no page at all: a
/// request without an `Origin` does not come from a page's script, or is a plain `GET` of the
/// same origin.
fn is_allowed_origin(agents: &Agents, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = origin.split_once("://").is_some_and(|(_, authority)| authority == host);
    own || agents.config().allowed_origins.iter().any(|allowed| allowed == origin)
}

/// The value of a query parameter, percent-decoded.
pub(crate) fn query_value(uri: &Uri, key: &str) -> Option<String> {
    serde_urlencoded::from_str::<Vec<(String, String)>>(uri.query()?)
        .ok()?
        .into_iter()
        .find_map(|(name, value)| (name == key).then_some(value))
}

fn error_response(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"error": {"code": code, "message": message}}))).into_response()
}

impl AgentError {
    /// The status and the code this error has at the HTTP edge.
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::UnknownAgent(_) => (StatusCode::BAD_REQUEST, "unknown_agent"),
            Self::InvalidName => (StatusCode::BAD_REQUEST, "invalid_name"),
            Self::StateTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "state_too_large"),
            Self::StateRejected(_) => (StatusCode::CONFLICT, "state_rejected"),
            Self::Gone => (StatusCode::SERVICE_UNAVAILABLE, "agent_gone"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

impl IntoResponse for AgentError {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        error_response(status, code, &self.to_string())
    }
}
