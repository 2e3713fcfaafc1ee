//! `GET /s/{token}`: what a link shows, to whoever has it.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use domovoi_app::{
    account::{Closed, Look, Snapshot},
    markdown::CodeBlock,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{Client, Entrance, account::time, answer};
use crate::web::highlight;

/// No search engine keeps it, and where a link in it leads does not hear from where.
const PRIVATE: [(HeaderName, HeaderValue); 2] = [
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

pub(super) async fn show(
    State(entrance): State<Arc<Entrance>>,
    client: Client,
    Path(token): Path<String>,
) -> Response {
    let look = client.look;
    let mut response = match entrance.people.shared(&token) {
        Ok(Some((content, at))) => page(&entrance, content, at, look).await,
        Ok(None) => nothing(&look),
        Err(error) => answer::failed(&error, &look),
    };
    let headers: &mut HeaderMap = response.headers_mut();
    headers.extend(PRIVATE);
    response
}

async fn page(entrance: &Entrance, content: String, at: i64, look: Look) -> Response {
    // Code and formulas are drawn for each reader; many readers at once wait for one another.
    let Ok(_permit) = entrance.drawing.acquire().await else { return nothing(&look) };
    let shown = look.clone();
    let drawn = tokio::task::spawn_blocking(move || {
        let snapshot: Snapshot = serde_json::from_str(&content).ok()?;
        Some(snapshot.render(&shown, time(at), draw))
    });
    match drawn.await {
        Ok(Some(html)) => answer::page(StatusCode::OK, html),
        _ => {
            tracing::warn!("a shared conversation cannot be shown");
            answer::page(StatusCode::INTERNAL_SERVER_ERROR, unreadable(&look))
        }
    }
}

fn draw(block: &CodeBlock) -> Option<String> {
    highlight::drawn(&block.language, &block.code)
}

fn nothing(look: &Look) -> Response {
    let (title, text) = (look.lang.nothing_here(), look.lang.link_leads_nowhere().to_owned());
    answer::page(StatusCode::NOT_FOUND, Closed { title, text }.render(look))
}

fn unreadable(look: &Look) -> String {
    let text = look.lang.shared_cannot_be_shown().to_owned();
    Closed { title: look.lang.that_did_not_work(), text }.render(look)
}
