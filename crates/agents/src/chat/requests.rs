//! The history over HTTP.

use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use http::{Method, Request, StatusCode, header};

use super::{AiChatAgent, ApprovalFilter, history, versions};
use crate::{Context, Result, routing::query_value, storage::Tables};

/// Answers `GET .../get-messages`, with `?before=ID&limit=N` a page of it, and
/// `GET .../get-versions`, with `?id=ID` those of one message, and `GET .../get-approvals`, with
/// `?open=true` those that wait; nothing for anything else.
pub(super) fn answer<A: AiChatAgent>(
    cx: &Context<A>,
    request: &Request<Body>,
) -> Option<Result<Response>> {
    if request.method() != Method::GET {
        return None;
    }
    let (path, query) = (request.uri().path(), |key| query_value(request.uri(), key));
    if path.ends_with("/get-messages") {
        let (before, limit) = (query("before"), query("limit"));
        return Some(messages(cx, before.as_deref(), limit.as_deref()));
    }
    if path.ends_with("/get-versions") {
        return Some(match query("id") {
            Some(id) => versions_of(cx, &id),
            None => all_versions(cx),
        });
    }
    if path.ends_with("/get-approvals") {
        let open = match query("open").as_deref().map(str::parse) {
            None => None,
            Some(Ok(open)) => Some(open),
            Some(Err(_)) => return Some(Ok(bad_request("`open` is `true` or `false`"))),
        };
        let filter = ApprovalFilter { open, ..ApprovalFilter::default() };
        return Some(
            cx.approvals(&filter).map(|found| Json(found).into_response()).map_err(Into::into),
        );
    }
    None
}

fn messages<A: AiChatAgent>(
    cx: &Context<A>,
    before: Option<&str>,
    limit: Option<&str>,
) -> Result<Response> {
    let limit = match limit.map(str::parse) {
        None => usize::MAX,
        Some(Ok(limit)) => limit,
        Some(Err(_)) => return Ok(bad_request("`limit` is not a number")),
    };
    let page = cx.database().read(Tables::Chat, |db| history::page(db, before, limit))?;
    // They are JSON already.
    let body = format!("[{}]", page.unwrap_or_default().join(","));
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

fn all_versions<A: AiChatAgent>(cx: &Context<A>) -> Result<Response> {
    let versions = cx.database().read(Tables::Chat, |db| versions::all(db))?;
    Ok(Json(versions.unwrap_or_default()).into_response())
}

fn versions_of<A: AiChatAgent>(cx: &Context<A>, id: &str) -> Result<Response> {
    let versions = cx.database().read(Tables::Chat, |db| versions::of(db, id))?;
    Ok(Json(versions.unwrap_or_default()).into_response())
}

fn bad_request(message: &str) -> Response {
    let body = serde_json::json!({"error": {"code": "bad_request", "message": message}});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
