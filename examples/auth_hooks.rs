//! Who may reach which agent: hooks before the routes, and routes of one's own.

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use domovoi_agents::{Admission, Arrival, prelude::*};
use serde_json::json;

/// Who a client is. The application's own type: the agents get it as it is.
#[derive(Clone)]
struct User {
    name: String,
    admin: bool,
}

/// A stand-in for sessions, tokens, or whatever else there is: `Bearer ada` is Ada.
fn user(headers: &HeaderMap, uri: &Uri) -> Option<User> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    // Browsers cannot set headers on a WebSocket.
    let query =
        uri.query().and_then(|query| query.split('&').find_map(|it| it.strip_prefix("token=")));
    let name = header.and_then(|value| value.strip_prefix("Bearer ")).or(query)?;
    ["ada", "bob", "root"]
        .contains(&name)
        .then(|| User { name: name.to_owned(), admin: name == "root" })
}

/// A desk belongs to the user of its name.
async fn admit(arrival: Arrival) -> Admission {
    let Some(user) = user(&arrival.request.headers, &arrival.request.uri) else {
        return Err(Box::new(StatusCode::UNAUTHORIZED.into_response()));
    };
    if arrival.instance.name() != user.name && !user.admin {
        let error = Json(json!({"error": "not your desk"}));
        return Err(Box::new((StatusCode::FORBIDDEN, error).into_response()));
    }
    Ok(Identity::new(user))
}

#[derive(Default)]
struct Desk;

#[agent(state = u32)]
impl Desk {
    /// Who calls, over a WebSocket.
    #[callable]
    fn who(&self, connection: &Connection) -> Option<String> {
        connection.identity::<User>().map(|user| user.name.clone())
    }

    /// Who asks, over HTTP.
    async fn on_request(&self, cx: &Context<Self>, request: Request) -> Result<Response> {
        let identity = request.extensions().get::<Identity>();
        let user = identity.and_then(Identity::get::<User>).ok_or("nobody is let in unknown")?;
        Ok(Json(json!({"desk": cx.name(), "user": user.name, "admin": user.admin})).into_response())
    }

    pub(crate) fn visit(&self, cx: &Context<Self>) -> Result<u32, AgentError> {
        cx.update_state(|visits| {
            *visits += 1;
            *visits
        })
    }
}

/// Lets nobody through who is not known.
async fn require_user(mut request: Request, next: Next) -> Response {
    match user(request.headers(), request.uri()) {
        Some(user) => {
            request.extensions_mut().insert(user);
            next.run(request).await
        }
        None => (StatusCode::UNAUTHORIZED, Json(json!({"error": "who are you?"}))).into_response(),
    }
}

/// Hands the request to the user's own desk, a WebSocket as well.
async fn my_desk(
    State(agents): State<Agents>,
    Extension(user): Extension<User>,
    request: Request<Body>,
) -> Result<Response, AgentError> {
    let desk = agents.get::<Desk>(&user.name)?;
    Ok(desk.fetch_as(Identity::new(user), request).await)
}

/// Calls a method in place of handing on the request.
async fn visit(
    State(agents): State<Agents>,
    Extension(user): Extension<User>,
    Path(name): Path<String>,
) -> Result<Response, AgentError> {
    if user.name != name && !user.admin {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let visits: u32 = agents.get::<Desk>(&name)?.visit().await?;
    Ok(format!("{visits} visits").into_response())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data".to_owned());
    let mut config = AgentsConfig::new(folder);
    // Pages of other origins may not talk to the agents, but for these.
    config.allowed_origins = vec!["https://app.example.com".to_owned()];
    let agents = Agents::builder(config)
        .agent::<Desk>()
        .before_connect(admit)
        .before_request(admit)
        .build()?;

    let own = Router::new()
        .route("/desk", any(my_desk))
        .route("/desk/{name}/visits", get(visit))
        .layer(middleware::from_fn(require_user))
        .with_state(agents.clone());
    let app = Router::new()
        .merge(own)
        // `/v1/agents/desk/{name}`
        .nest("/v1", agents.routes())
        .fallback(|| async { (StatusCode::NOT_FOUND, Json(json!({"msg": "no agent here"}))) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
