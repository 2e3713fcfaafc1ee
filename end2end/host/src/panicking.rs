//! Handlers that panic where their caller asks for it.

#![allow(clippy::panic, reason = "it is what this agent is for")]

use std::time::Duration;

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use domovoi_agents::prelude::*;

#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct CountState {
    count: i64,
}

#[derive(Default)]
pub(crate) struct PanickingAgent;

#[agent(state = CountState)]
#[allow(clippy::panic, reason = "that is what this agent is for")]
impl PanickingAgent {
    async fn on_start(&self, cx: &Context<Self>) -> Result<()> {
        if cx.name() == "never-starts" {
            panic!("on_start");
        }
        Ok(())
    }

    fn validate_state(
        &self,
        _cx: &Context<Self>,
        state: &CountState,
        _source: &StateSource,
    ) -> Result<()> {
        if state.count == -100 {
            panic!("validate_state");
        }
        Ok(())
    }

    async fn on_state_update(
        &self,
        _cx: &Context<Self>,
        state: &CountState,
        _source: &StateSource,
    ) -> Result<()> {
        if state.count == -2 {
            panic!("on_state_update");
        }
        Ok(())
    }

    async fn on_connect(&self, _cx: &Context<Self>, connection: &Connection) -> Result<()> {
        if connection.query("panic").is_some() {
            panic!("on_connect");
        }
        Ok(())
    }

    async fn on_message(
        &self,
        _cx: &Context<Self>,
        connection: &Connection,
        message: Message,
    ) -> Result<()> {
        match message {
            Message::Text(text) if text.as_str() == "panic" => panic!("on_message"),
            Message::Text(text) => connection.send_text(text),
            _ => {}
        }
        Ok(())
    }

    async fn on_close(
        &self,
        _cx: &Context<Self>,
        connection: &Connection,
        _code: u16,
        _reason: &str,
        _clean: bool,
    ) -> Result<()> {
        if connection.query("panic-at-close").is_some() {
            panic!("on_close");
        }
        Ok(())
    }

    async fn on_request(&self, cx: &Context<Self>, request: Request<Body>) -> Result<Response> {
        if request.uri().path().ends_with("/panic") {
            panic!("on_request");
        }
        Ok(cx.state().count.to_string().into_response())
    }

    #[callable]
    fn increment(&self, cx: &Context<Self>) -> Result<i64, AgentError> {
        cx.update_state(|state| {
            state.count += 1;
            state.count
        })
    }

    /// Panics before anything is awaited.
    #[callable]
    fn panic_at_once(&self, cx: &Context<Self>) -> Result<()> {
        cx.sql().execute("CREATE TABLE IF NOT EXISTS before_the_panic (id INTEGER)", [])?;
        panic!("a method")
    }

    #[callable]
    async fn panic_later(&self) {
        tokio::task::yield_now().await;
        panic!("a method, later")
    }

    #[callable]
    fn panic_in_edit(&self, cx: &Context<Self>) -> Result<i64, AgentError> {
        cx.update_state(|_| panic!("an edit of the state"))
    }

    #[callable]
    fn panic_in_transaction(&self, cx: &Context<Self>) -> Result<(), AgentError> {
        cx.sql().transaction(|db| {
            db.execute("CREATE TABLE lost (id INTEGER)", [])?;
            panic!("a transaction")
        })
    }

    #[callable]
    async fn panic_in_stream(&self, stream: StreamingResponse) -> Result<()> {
        stream.send("one")?;
        tokio::task::yield_now().await;
        panic!("a stream")
    }

    #[callable]
    fn panic_in_task(&self, cx: &Context<Self>) {
        cx.spawn(async { panic!("a spawned task") });
    }

    #[task]
    fn fail_first(&self, cx: &Context<Self>, mark: i64) -> Result<()> {
        if cx.state().count < mark {
            cx.update_state(|state| state.count = mark)?;
            panic!("a scheduled task");
        }
        cx.broadcast(format!("second attempt of {mark}"));
        Ok(())
    }

    /// Schedules a task that panics at its first attempt.
    #[callable]
    fn schedule_panic(&self, cx: &Context<Self>, mark: i64) -> Result<()> {
        cx.schedule(Duration::ZERO, Self::FAIL_FIRST, mark)?;
        Ok(())
    }

    /// Queues a task that panics at its first attempt.
    #[callable]
    fn queue_panic(&self, cx: &Context<Self>, mark: i64) -> Result<()> {
        cx.queue(Self::FAIL_FIRST, mark)?;
        Ok(())
    }

    /// Tables that a panic has left.
    #[callable]
    fn tables(&self, cx: &Context<Self>) -> Result<Vec<String>> {
        Ok(cx.sql().query(
            "SELECT name FROM sqlite_schema WHERE type = 'table'
             AND name NOT LIKE 'domovoi%' AND name NOT LIKE 'sqlite%'",
            [],
        )?)
    }
}
