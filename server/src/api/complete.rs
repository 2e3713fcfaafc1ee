//! `POST /v1/chat/completions`: who answers, and in which form.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use domovoi_app::types::ASSISTANT_AGENT;
use domovoi_models::{LanguageModel, ModelError};
use futures::{StreamExt, TryStreamExt, stream};
use http::HeaderMap;

use super::{
    Answer, Api, ApiError, MAX_BODY_BYTES, answer, assistant,
    request::{self, CONVERSATION, Completion},
    stop,
};
use crate::{
    homes::Home,
    people::{ApiToken, Scope},
};

pub(super) async fn complete(
    State(api): State<Api>,
    Extension(token): Extension<ApiToken>,
    request: Request,
) -> Result<Response, ApiError> {
    let conversation = conversation(request.headers())?;
    let body = axum::body::to_bytes(request.into_body(), MAX_BODY_BYTES).await;
    let body =
        body.map_err(|_| ApiError::invalid("The request is too large or was cut off.", None))?;
    let Completion { model, mut request, stream, include_usage, stops, user } =
        request::read(&body)?;
    // Whoever has the token pays.
    request.metadata.user = Some(token.person.clone().unwrap_or_else(|| token.name.clone()));
    request.metadata.agent = Some("api".to_owned());
    let events: Answer = if model == ASSISTANT_AGENT {
        needs(&token, Scope::Agents)?;
        let home = home_of(&api, &token).await?;
        let conversation = conversation.or(user);
        assistant::answer(&api, &home, conversation.as_deref(), request).await?
    } else {
        needs(&token, Scope::Models)?;
        let routed = api.gateway.model(&model).ok_or_else(|| ApiError::no_model(&model))?;
        routed.stream(request).await?.map_err(ApiError::from).boxed()
    };
    let events = stop::cut(begun(events).await?, stops);
    Ok(match stream {
        true => answer::stream(model, events, include_usage).into_response(),
        false => answer::whole(model, events).await?.into_response(),
    })
}

fn needs(token: &ApiToken, scope: Scope) -> Result<(), ApiError> {
    if token.allows(scope) { Ok(()) } else { Err(ApiError::forbidden(scope)) }
}

/// The conversation a request names in its header.
fn conversation(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let named = headers.get(CONVERSATION).map(|name| name.to_str().map(str::to_owned));
    let named = named.transpose().map_err(|_| {
        ApiError::invalid("The name of a conversation is plain text.", Some(CONVERSATION))
    })?;
    Ok(named.filter(|name| !name.is_empty()))
}

/// The home of whoever has the token.
async fn home_of(api: &Api, token: &ApiToken) -> Result<Arc<Home>, ApiError> {
    let Some(id) = &token.person_id else { return Ok(Arc::clone(api.homes.owner())) };
    let person = api.people.with_id(id).map_err(|error| {
        tracing::warn!(%error, "the person of a token cannot be looked up");
        ApiError::broken()
    })?;
    let person = person.ok_or_else(ApiError::unauthorised)?;
    api.homes.of(&person).await.map_err(|error| {
        tracing::warn!(%error, "somebody's agents cannot be hosted");
        ApiError::broken()
    })
}

/// The answer once its first piece is there: what fails before it has a status of its own.
async fn begun(mut answer: Answer) -> Result<Answer, ApiError> {
    match answer.next().await {
        Some(first) => Ok(stream::iter([Ok(first?)]).chain(answer).boxed()),
        None => Err(ModelError::Interrupted(None).into()),
    }
}
