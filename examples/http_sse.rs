//! Plain HTTP to an agent: paths, JSON, a streamed body, Server-Sent Events that a client takes up
//! again where it left off.

use std::time::SystemTime;

use axum::{
    BoxError, Json,
    body::Body,
    extract::{FromRequest, Request},
    http::StatusCode,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use domovoi_agents::prelude::*;
use futures::stream;
use serde_json::json;
use tokio::sync::watch;

#[derive(Default, Clone, Serialize, Deserialize)]
struct Journal {
    counter: u64,
    last_updated: Option<SystemTime>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    id: i64,
    text: String,
}

#[derive(Deserialize)]
struct NewEntry {
    text: String,
}

/// An agent may have fields; they last as long as the instance is awake.
#[derive(Default)]
struct Feed {
    /// Id of the newest entry; whoever reads the events waits for it.
    newest: watch::Sender<i64>,
}

#[agent(state = Journal)]
impl Feed {
    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        sql!(cx, "CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, text TEXT)")?;
        Ok(())
    }

    async fn on_request(&self, cx: &Context<Self>, request: Request) -> Result<Response> {
        // What comes after `/agents/feed/{name}/`.
        let path = request.uri().path().splitn(5, '/').nth(4).unwrap_or_default().to_owned();
        match (request.method().as_str(), path.as_str()) {
            ("GET", "") => Ok("Hello from Feed!".into_response()),
            ("GET", "state") => Ok(Json(&*cx.state()).into_response()),
            ("GET", "entries") => Ok(Json(entries_after(cx, 0)?).into_response()),
            ("POST", "entries") => match Json::from_request(request, &()).await {
                Ok(Json(new)) => self.add(cx, new),
                Err(rejection) => Ok(rejection.into_response()),
            },
            ("GET", "export") => export(cx),
            ("GET", "events") => Ok(self.events(cx, &request)),
            ("GET", "readers") => {
                Ok(Json(json!({"readers": self.newest.receiver_count()})).into_response())
            }
            _ => Ok(StatusCode::NOT_FOUND.into_response()),
        }
    }

    fn add(&self, cx: &Context<Self>, new: NewEntry) -> Result<Response> {
        let ids = sql!(cx, "INSERT INTO entries (text) VALUES ({new.text}) RETURNING id")?;
        self.newest.send_replace(ids[0]);
        cx.update_state(|journal| {
            journal.counter += 1;
            journal.last_updated = Some(SystemTime::now());
        })?;
        Ok((StatusCode::CREATED, Json(&*cx.state())).into_response())
    }

    /// The entries after the one the client saw last, and from then on each new one.
    fn events(&self, cx: &Context<Self>, request: &Request) -> Response {
        let last = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
        let mut last = last.and_then(|id| id.parse().ok()).unwrap_or(0);
        let (cx, mut newest) = (cx.clone(), self.newest.subscribe());
        // This runs on the instance's task, and is dropped when the client goes away.
        let events = async_stream::try_stream! {
            loop {
                for entry in entries_after(&cx, last)? {
                    last = entry.id;
                    yield Event::default().id(last.to_string()).json_data(entry)?;
                }
                newest.changed().await?;
            }
        };
        let events: stream::BoxStream<'static, Result<Event, BoxError>> = Box::pin(events);
        Sse::new(events).keep_alive(KeepAlive::default()).into_response()
    }
}

fn entries_after(cx: &Context<Feed>, id: i64) -> Result<Vec<Entry>, AgentError> {
    sql!(cx, "SELECT * FROM entries WHERE id > {id} ORDER BY id LIMIT 100")
}

/// All entries, a page at a time: there may be more than fit into memory.
fn export(cx: &Context<Feed>) -> Result<Response> {
    let pages = stream::try_unfold((cx.clone(), 0), |(cx, last)| async move {
        let page = entries_after(&cx, last)?;
        let Some(newest) = page.last().map(|entry| entry.id) else { return Ok(None) };
        let lines: String = page.iter().map(|entry| format!("{}\n", entry.text)).collect();
        Ok::<_, AgentError>(Some((lines, (cx, newest))))
    });
    Ok(Body::from_stream(pages).into_response())
}

fn main() -> std::process::ExitCode {
    domovoi::Domovoi::new().agent::<Feed>().run()
}
