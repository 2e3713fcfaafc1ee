//! An API like OpenAI's, so that other programs can use the models of this server, and its assistant as
//! one of them: `/v1/models` and `/v1/chat/completions`. Nothing is answered without an
//! [API token](crate::people), on any address.
//!
//! | module | what is in it |
//! |---|---|
//! | `models` | what can be asked |
//! | `request` | a question as OpenAI's API has it, and as a model reads it |
//! | `fields` | its fields, one at a time |
//! | `complete` | who answers, and in which form |
//! | `assistant`, `history` | the assistant as a model; a question's messages as a conversation |
//! | `stop` | texts that end an answer |
//! | `answer` | an answer as OpenAI's API has it, whole or as a stream |
//! | `error` | what goes wrong, in that API's words |
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat>.

mod answer;
mod assistant;
mod complete;
mod error;
mod fields;
mod history;
mod models;
mod request;
mod stop;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domovoi_models::{ModelEvent, gateway::Gateway};
use futures::stream::BoxStream;
use http::header;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

use self::error::ApiError;
use crate::{
    homes::Homes,
    people::{People, now},
    web::bearer,
};

/// An answer on its way.
type Answer = BoxStream<'static, Result<ModelEvent, ApiError>>;

/// Largest question, in bytes: images are inside.
const MAX_BODY_BYTES: usize = 32 << 20;

#[derive(Clone)]
struct Api {
    gateway: Gateway,
    people: Arc<People>,
    homes: Arc<Homes>,
}

/// The routes of the API. Pages of `allowed_origins` may use it, with a token as anybody else.
pub(crate) fn routes(
    gateway: Gateway,
    people: Arc<People>,
    homes: Arc<Homes>,
    allowed_origins: &[String],
) -> Router {
    let api = Api { gateway, people, homes };
    let routes = Router::new()
        .route("/v1/models", get(models::list))
        .route("/v1/models/{id}", get(models::find))
        .route("/v1/chat/completions", post(complete::complete))
        .route_layer(middleware::from_fn_with_state(api.clone(), authorise))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(api);
    let origins: Vec<_> = allowed_origins.iter().filter_map(|it| it.parse().ok()).collect();
    if origins.is_empty() {
        return routes;
    }
    // It answers what browsers ask before, which has no token.
    routes.layer(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods(AllowMethods::mirror_request())
            .allow_headers(AllowHeaders::mirror_request()),
    )
}

/// Lets programs with a good token pass.
async fn authorise(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let text = bearer(request.headers()).unwrap_or_default().to_owned();
    // The database may have to wait for another program.
    let found = tokio::task::spawn_blocking(move || api.people.token(&text, now())).await;
    match found {
        Ok(Ok(Some(token))) => {
            request.extensions_mut().insert(token);
            next.run(request).await
        }
        Ok(Ok(None)) => {
            let mut response = ApiError::unauthorised().into_response();
            let scheme = http::HeaderValue::from_static("Bearer realm=\"domovoi\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
            response
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "API tokens cannot be looked up");
            ApiError::broken().into_response()
        }
        Err(_) => ApiError::broken().into_response(),
    }
}
