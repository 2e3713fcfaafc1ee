//! HTTP routes: `/agents/{agent}/{name}` and everything below, for plain requests and WebSockets.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{
        FromRequestParts, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderMap, Request, StatusCode, Uri, header, request::Parts};
use percent_encoding::percent_decode_str;
use serde_json::json;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

use crate::{
    AgentError, Agents, Connection, Identity, InstanceId,
    connection::Opened,
    hooks::Arrival,
    languages::Other,
    socket::{self, READ_BUFFER, WRITE_BUFFER},
};

impl Agents {
    /// The routes of all agents, to merge into any axum application, or to nest below a prefix.
    ///
    /// ```
    /// # fn f(agents: domovoi_agents::Agents) -> axum::Router {
    /// axum::Router::new().merge(agents.routes())
    /// # }
    /// ```
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let router = Router::new()
            .route("/agents/{agent}/{name}", any(routed))
            .route("/agents/{agent}/{name}/", any(routed))
            .route("/agents/{agent}/{name}/{*path}", any(routed))
            .with_state(self.clone());
        match self.cors() {
            Some(cors) => router.layer(cors),
            None => router,
        }
    }

    /// Lets the pages of allowed origins read what agents answer to plain requests.
    fn cors(&self) -> Option<CorsLayer> {
        let origins = self.config().allowed_origins.iter();
        let origins: Vec<_> = origins.filter_map(|origin| origin.parse().ok()).collect();
        (!origins.is_empty()).then(|| {
            CorsLayer::new()
                .allow_origin(AllowOrigin::list(origins))
                .allow_methods(AllowMethods::mirror_request())
                .allow_headers(AllowHeaders::mirror_request())
                .allow_credentials(true)
        })
    }

    /// Hands a request to an instance, a WebSocket as well: for routes of the application's own.
    /// The hooks of [`Agents::routes`] are not asked; who comes this far is the application's
    /// decision.
    pub async fn fetch(&self, agent: &str, name: &str, request: Request<Body>) -> Response {
        match self.resolve(agent, name, &[]) {
            Ok(id) => self.fetch_as(id, request, Identity::anonymous()).await,
            Err(error) => error.into_response(),
        }
    }

    pub(crate) async fn fetch_as(
        &self,
        id: InstanceId,
        request: Request<Body>,
        identity: Identity,
    ) -> Response {
        self.start();
        if !is_allowed_origin(self, request.headers()) {
            return error_response(
                StatusCode::FORBIDDEN,
                "origin_not_allowed",
                "This web page may not talk to the agents. Add its origin to `allowed_origins`.",
            );
        }
        let (mut parts, body) = request.into_parts();
        match WebSocketUpgrade::from_request_parts(&mut parts, self).await {
            Ok(upgrade) => match self.host(&id) {
                Ok(host) => connect(self, host, id, upgrade, parts, identity),
                Err(error) => error.into_response(),
            },
            Err(
                WebSocketUpgradeRejection::InvalidUpgradeHeader(_)
                | WebSocketUpgradeRejection::MethodNotGet(_)
                | WebSocketUpgradeRejection::InvalidConnectionHeader(_),
            ) => {
                parts.extensions.insert(identity);
                self.request(id, Request::from_parts(parts, body)).await
            }
            Err(rejection) => rejection.into_response(),
        }
    }

    async fn request(&self, id: InstanceId, request: Request<Body>) -> Response {
        let address = id.to_string();
        let host = match self.host(&id) {
            Ok(host) => host,
            Err(error) => return error.into_response(),
        };
        let error = match host.request(self, id, request).await {
            Ok(response) => return response,
            Err(error) => error,
        };
        match error.downcast::<AgentError>() {
            Ok(error) => error.into_response(),
            Err(error) => {
                tracing::warn!(instance = address, error = error.for_log(), "request failed");
                error_response(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "handler_failed",
                    "The agent could not answer this request.",
                )
            }
        }
    }
}

/// Makes a WebSocket a connection to an instance.
fn connect(
    agents: &Agents,
    host: Arc<dyn crate::host::AnyHost>,
    id: InstanceId,
    upgrade: WebSocketUpgrade,
    request: Parts,
    identity: Identity,
) -> Response {
    let config = agents.config();
    let (receiver, gate) = host.attach(agents, id);
    let connection = Connection::new(Opened {
        id: connection_id(&request.uri),
        language: Other::of(agents, &request.headers),
        request,
        identity,
        max_queued_bytes: config.max_queued_bytes,
        gate,
    });
    let max_message_bytes = config.max_message_bytes;
    let limit = max_message_bytes.saturating_mul(2);
    let lifecycle = agents.clone();
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(limit)
        .max_frame_size(limit)
        .on_upgrade(move |socket| async move {
            // A task of its own: this one keeps the room that the handshake took.
            let task = socket::run(receiver, connection, Box::new(socket), max_message_bytes);
            lifecycle.lifecycle().spawn_socket(task);
        })
}

async fn routed(State(agents): State<Agents>, request: Request<Body>) -> Response {
    let connects = request.headers().contains_key(header::SEC_WEBSOCKET_KEY);
    let (parts, body) = request.into_parts();
    match admit(&agents, &parts, connects).await {
        Ok(Ok((id, identity))) => {
            agents.fetch_as(id, Request::from_parts(parts, body), identity).await
        }
        Ok(Err(refusal)) => *refusal,
        Err(error) => error.into_response(),
    }
}

/// Whom a request is for, and from whom it is: what the hooks say.
pub(crate) async fn admit(
    agents: &Agents,
    request: &Parts,
    connects: bool,
) -> Result<Result<(InstanceId, Identity), Box<Response>>, AgentError> {
    let instance = resolve(agents, request.uri.path())?;
    let hooks = agents.hooks();
    let hook = if connects { &hooks.before_connect } else { &hooks.before_request };
    let Some(hook) = hook else { return Ok(Ok((instance, Identity::anonymous()))) };
    let arrival = Arrival { instance: instance.clone(), request: request.clone() };
    Ok(hook(arrival).await.map(|identity| (instance, identity)))
}

/// The instance a path leads to: `/agents/{agent}/{name}`, then any number of
/// `/sub/{agent}/{name}`, then whatever the agent makes of the rest.
fn resolve(agents: &Agents, path: &str) -> Result<InstanceId, AgentError> {
    let mut segments = path.trim_start_matches('/').split('/').skip(1);
    let (agent, name) = (next(&mut segments)?, next(&mut segments)?);
    let mut below: Vec<(String, String)> = Vec::new();
    let mut id = agents.resolve(&agent, &name, &[])?;
    while segments.next() == Some("sub") {
        let (Some(child), Some(child_name)) = (segments.next(), segments.next()) else { break };
        let Ok(child) = decode(child) else { break };
        // What cannot be decoded is no name, as the empty one.
        below.push((child, decode(child_name).unwrap_or_default()));
        let chain: Vec<_> = below.iter().map(|(agent, name)| (&**agent, &**name)).collect();
        match agents.resolve(&agent, &name, &chain) {
            Ok(child) => id = child,
            // A path of the agent's own that begins like one of a sub-agent.
            Err(AgentError::UnknownAgent(_)) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(id)
}

/// The next segment of a path, percent-decoded.
fn next<'a>(segments: &mut impl Iterator<Item = &'a str>) -> Result<String, AgentError> {
    decode(segments.next().ok_or(AgentError::InvalidName)?)
}

/// A segment of a path, percent-decoded.
fn decode(segment: &str) -> Result<String, AgentError> {
    let decoded = percent_decode_str(segment).decode_utf8();
    Ok(decoded.map_err(|_| AgentError::InvalidName)?.into_owned())
}

/// Longest `_pk` taken over from a client; a longer one is replaced.
const MAX_CONNECTION_ID_BYTES: usize = 128;

/// The id of a connection: the client's own, or a new one.
pub(crate) fn connection_id(uri: &Uri) -> String {
    query_value(uri, "_pk")
        .filter(|id| !id.is_empty() && id.len() <= MAX_CONNECTION_ID_BYTES)
        .unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
}

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
            Self::NotOwner(_) => (StatusCode::MISDIRECTED_REQUEST, "not_owner"),
            Self::DatabaseFull(_) => (StatusCode::INSUFFICIENT_STORAGE, "database_full"),
            Self::DatabaseDamaged(_) => (StatusCode::INTERNAL_SERVER_ERROR, "database_damaged"),
            Self::Refused(status) => {
                (StatusCode::from_u16(*status).unwrap_or(StatusCode::FORBIDDEN), "refused")
            }
            Self::CannotStart(_) => (StatusCode::INTERNAL_SERVER_ERROR, "cannot_start"),
            Self::InvalidSchedule(_) => (StatusCode::BAD_REQUEST, "invalid_schedule"),
            Self::StateRejected(_) => (StatusCode::CONFLICT, "state_rejected"),
            Self::Gone => (StatusCode::SERVICE_UNAVAILABLE, "agent_gone"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

impl IntoResponse for AgentError {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        error_response(status, code, &self.for_client())
    }
}
