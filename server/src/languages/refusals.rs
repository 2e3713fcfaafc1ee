//! What is wrong with a request is said in the language of who asks.

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use domovoi_app::language::Lang;
use http::{HeaderValue, header};
use serde_json::Value;

use super::say;

/// Longest answer that is looked at: errors of ours are short.
const LONGEST: u64 = 4 << 10;

/// Has a refusal say it so.
pub(crate) async fn refusals(request: Request, next: Next) -> Response {
    let lang = Lang::of(request.headers());
    let response = next.run(request).await;
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let json = HeaderValue::from_static("application/json");
    let is_json = response.headers().get(header::CONTENT_TYPE) == Some(&json);
    let is_short = response.body().size_hint().upper().is_some_and(|bytes| bytes <= LONGEST);
    if lang == Lang::En || !(failed && is_json && is_short) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // All of it is there already.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let told = translated(&body, lang).unwrap_or(body);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(told))
}

/// What a refusal is in a language; nothing where it is none.
fn translated(body: &[u8], lang: Lang) -> Option<Bytes> {
    let mut refusal: Value = serde_json::from_slice(body).ok()?;
    let message = refusal.get_mut("error")?.get_mut("message")?;
    *message = say(message.as_str()?, lang).into();
    Some(serde_json::to_vec(&refusal).ok()?.into())
}
