//! Stateful agents: write a struct, get instances that each have a task, a SQLite file, a
//! synchronised state, methods clients call, and any number of WebSocket connections.
//!
//! It does what the Cloudflare Agents SDK does, on your own machine, and speaks its protocol.
//! Models are in `domovoi-models`, the chat application in `domovoi`.
//!
//! | module | what is in it |
//! |---|---|
//! | `agent` | [`Agent`]: what a person writes |
//! | `context` | [`Context`]: what an instance knows and can do |
//! | `connection`, `outbox`, `identity` | [`Connection`]: one open WebSocket, and whose it is |
//! | `sql`, `state` | [`Sql`], the state on disk |
//! | [`schedule`], `alarm`, `clock` | tasks that run later, and who wakes their instances |
//! | [`rpc`] | callable methods, streamed results |
//! | `task` | [`Task`]: methods that run later |
//! | `agents` | [`Agents`]: registration, addresses |
//! | [`gateway`] | models by the name of a route; the log of what they were asked |
//! | `handle`, `stub` | [`AgentHandle`]: one instance, with its methods |
//! | `host`, `instance`, `lifecycle` | who is awake, the task of an instance, shutting down |
//! | `figures` | [`Figures`]: what a process is doing, in numbers |
//! | `routing`, `socket` | HTTP routes, the task of a WebSocket |
//! | `testing` | a harness for tests of agents; with the feature `testing` |
//! | `backup` | a whole data folder as one file, and back; with the feature `backup` |
//! | [`chat`] | [`AiChatAgent`]: history, turns, tools, resuming |
//!
//! ```
//! use domovoi_agents::prelude::*;
//!
//! #[derive(Default, Clone, Serialize, Deserialize)]
//! struct CounterState { counter: i64 }
//!
//! #[derive(Default)]
//! struct Counter;
//!
//! #[agent(state = CounterState)]
//! impl Counter {
//!     #[callable]
//!     fn increment(&self, cx: &Context<Self>) -> Result<i64> {
//!         Ok(cx.update_state(|state| { state.counter += 1; state.counter })?)
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let agents = Agents::builder(AgentsConfig::new(folder.path())).agent::<Counter>().build()?;
//! let app: axum::Router = axum::Router::new().merge(agents.routes());
//! # Ok(()) }
//! ```

mod agent;
mod agents;
mod alarm;
#[cfg(feature = "backup")]
pub mod backup;
mod body;
mod builder;
pub mod chat;
mod clock;
mod config;
mod connection;
mod context;
mod dialect;
mod error;
mod extension;
mod figures;
pub mod gateway;
mod greeting;
mod handle;
mod hooks;
mod host;
mod identity;
pub mod inspect;
mod instance;
mod instance_id;
mod keep_alive;
mod languages;
mod lifecycle;
mod outbox;
mod ownership;
mod routing;
pub mod rpc;
pub mod schedule;
mod slot;
mod socket;
mod sql;
mod state;
mod storage;
mod stub;
mod task;
#[cfg(feature = "testing")]
pub mod testing;

pub use agent::{Agent, StateSource};
pub use agents::Agents;
pub use axum::extract::ws::Message;
pub use builder::AgentsBuilder;
pub use chat::AiChatAgent;
pub use config::{AgentsConfig, Durability};
pub use connection::Connection;
pub use context::Context;
pub use domovoi_agents_macros::{agent, callable, sql, task, tool};
pub use error::{AgentError, HandlerError, Result};
pub use figures::Figures;
pub use handle::AgentHandle;
pub use hooks::{Admission, Arrival};
pub use identity::Identity;
pub use instance_id::InstanceId;
pub use languages::Languages;
pub use ownership::{FolderLock, Ownership};
/// SQLite as [`Sql`] speaks it: `params!`, `ToSql`, `Transaction`.
pub use rusqlite;
pub use sql::Sql;
pub use stub::Stub;
pub use task::{Task, TaskEntry, TaskFn};

/// What nearly every agent uses.
pub mod prelude {
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};

    pub use crate::{
        Agent, AgentError, Agents, AgentsConfig, AiChatAgent, Connection, Context, HandlerError,
        Identity, Message, Result, StateSource, Task, agent, callable,
        chat::{ChatReply, ChatTurn, StreamText, Tool, ToolContext},
        rpc::StreamingResponse,
        schedule::{Cron, Every, Schedule, ScheduleOptions},
        sql, task, tool,
    };
}

/// What the macros write refers to; not for people.
#[doc(hidden)]
pub mod __private {
    pub use domovoi_models::ToolDefinition;
    pub use futures::future::BoxFuture;
    pub use schemars;
    pub use serde_json;

    pub use crate::{
        chat::read_tool_arguments,
        handle::Mailbox,
        rpc::methods::{AnySchema, KnownSchema, SchemaOf},
        stub::Outcome,
        task::run as run_task,
    };
}
