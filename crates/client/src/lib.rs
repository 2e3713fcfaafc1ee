//! A client for Domovoi's agents, with one API natively and in WebAssembly.
//!
//! [`AgentClient`] keeps one WebSocket to one agent instance alive: it connects again after a
//! loss, queues what is sent meanwhile and matches calls with their answers.
//! [`chat::ChatSession`] is the chat half of the protocol as a state machine without I/O.
//!
//! | module | what is in it |
//! |---|---|
//! | `client` | [`AgentClient`]: the handle everyone holds |
//! | `options`, `reconnect` | [`AgentOptions`], [`ReconnectPolicy`] |
//! | `event`, `listeners` | [`ClientEvent`], [`ConnectionStatus`], [`Subscription`] |
//! | `calls` | calls that wait for answers, [`CallStream`] |
//! | `link` | the connection as a state machine |
//! | `platform` | sockets, tasks and time, natively and in a browser |
//! | `fetch` | `FetchRequest`: HTTP to an agent; natively with the feature `http` |
//! | [`chat`] | [`chat::ChatSession`] |
//!
//! ```no_run
//! use domovoi_client::{AgentClient, AgentOptions, ClientError, ClientEvent};
//!
//! # async fn example() -> Result<(), ClientError> {
//! let client = AgentClient::new(AgentOptions::new("Counter", "main"));
//! let _events = client.on_event(|event| if let ClientEvent::Frame(_frame) = event { /* ... */ });
//! client.start();
//! let total: i64 = client.call("add", (1, 2)).await?;
//! # let _ = total; Ok(())
//! # }
//! ```

mod calls;
pub mod chat;
mod client;
mod error;
mod event;
#[cfg(any(target_arch = "wasm32", feature = "http"))]
mod fetch;
mod link;
mod listeners;
mod lock;
mod options;
mod platform;
mod reconnect;

pub use calls::CallStream;
pub use client::{AgentClient, WeakAgentClient};
pub use error::ClientError;
pub use event::{ClientEvent, ConnectionStatus};
#[cfg(any(target_arch = "wasm32", feature = "http"))]
pub use fetch::{
    FetchRequest, FetchResponse, agent_fetch, fetch_messages, fetch_page, fetch_versions,
};
pub use listeners::Subscription;
pub use options::AgentOptions;
pub use platform::MaybeSend;
pub use reconnect::ReconnectPolicy;
