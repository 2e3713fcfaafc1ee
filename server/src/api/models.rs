//! `GET /v1/models`: what can be asked.

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use domovoi_app::types::ASSISTANT_AGENT;
use serde_json::{Value, json};

use super::{Api, ApiError};
use crate::people::{ApiToken, Scope};

/// What a token may ask or look at: the assistant first, then the routes.
fn names<'a>(api: &'a Api, token: &ApiToken) -> Vec<&'a str> {
    let may = |scope| token.allows(scope) || token.allows(Scope::Read);
    let mut names = Vec::new();
    if may(Scope::Agents) {
        names.push(ASSISTANT_AGENT);
    }
    if may(Scope::Models) {
        // A route of the assistant's name cannot be asked for.
        names.extend(api.gateway.routes().filter(|name| *name != ASSISTANT_AGENT));
    }
    names
}

pub(super) async fn list(
    State(api): State<Api>,
    Extension(token): Extension<ApiToken>,
) -> Json<Value> {
    let models: Vec<Value> = names(&api, &token).into_iter().map(model).collect();
    Json(json!({ "object": "list", "data": models }))
}

pub(super) async fn find(
    State(api): State<Api>,
    Extension(token): Extension<ApiToken>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = names(&api, &token).into_iter().find(|name| *name == id);
    found.map(|name| Json(model(name))).ok_or_else(|| ApiError::no_model(&id))
}

fn model(name: &str) -> Value {
    json!({ "id": name, "object": "model", "created": 0, "owned_by": "domovoi" })
}
