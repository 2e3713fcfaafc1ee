//! An API like OpenAI's, so that other programs can use the models of this server: `/v1/models` and
//! `/v1/chat/completions`. Nothing is answered without an [API token](crate::people), on any address.
//!
//! | module | what is in it |
//! |---|---|
//! | `request` | a question as OpenAI's API has it, and as a model reads it |
//! | `fields` | its fields, one at a time |
//! | `answer` | an answer as OpenAI's API has it, whole or as a stream |
//! | `error` | what goes wrong, in that API's words |
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat>.

mod answer;
mod error;
mod fields;
mod request;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domovoi_models::{LanguageModel, gateway::Gateway};
use http::header;
use serde_json::{Value, json};

use self::{error::ApiError, request::Completion};
use crate::people::{ApiToken, People, now};

/// Largest question, in bytes: images are inside.
const MAX_BODY_BYTES: usize = 32 << 20;

#[derive(Clone)]
struct Api {
    gateway: Gateway,
    people: Arc<People>,
}

/// The routes of the API.
pub(crate) fn routes(gateway: Gateway, people: Arc<People>) -> Router {
    let api = Api { gateway, people };
    Router::new()
        .route("/v1/models", get(models))
        .route("/v1/chat/completions", post(complete))
        .route_layer(middleware::from_fn_with_state(api.clone(), authorise))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(api)
}

/// Lets programs with a good token pass.
async fn authorise(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let header = request.headers().get(header::AUTHORIZATION);
    let text = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let text = text.unwrap_or_default().trim().to_owned();
    // The database may have to wait for another program.
    let found = tokio::task::spawn_blocking(move || api.people.token(&text, now())).await;
    match found {
        Ok(Ok(Some(token))) => {
            request.extensions_mut().insert(token);
            next.run(request).await
        }
        Ok(Ok(None)) => ApiError::unauthorised().into_response(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "API tokens cannot be looked up");
            ApiError::broken().into_response()
        }
        Err(_) => ApiError::broken().into_response(),
    }
}

async fn models(State(api): State<Api>) -> Json<Value> {
    let mut routes: Vec<&str> = api.gateway.routes().collect();
    routes.sort_unstable();
    let models = routes.iter().map(
        |route| json!({ "id": route, "object": "model", "created": 0, "owned_by": "domovoi" }),
    );
    Json(json!({ "object": "list", "data": models.collect::<Vec<_>>() }))
}

async fn complete(State(api): State<Api>, request: Request) -> Result<Response, ApiError> {
    let token = request.extensions().get::<ApiToken>().cloned().ok_or(ApiError::unauthorised())?;
    let body = axum::body::to_bytes(request.into_body(), MAX_BODY_BYTES).await;
    let body =
        body.map_err(|_| ApiError::invalid("The request is too large or was cut off.", None))?;
    let Completion { model, mut request, stream, include_usage } = request::read(&body)?;
    // Whoever has the token pays.
    request.metadata.user = Some(token.person.unwrap_or(token.name));
    request.metadata.agent = Some("api".to_owned());
    let routed = api.gateway.model(&model).ok_or_else(|| ApiError::no_model(&model))?;
    let events = routed.stream(request).await?;
    Ok(match stream {
        true => answer::stream(model, events, include_usage).into_response(),
        false => answer::whole(model, events).await?.into_response(),
    })
}
