//! Every frame and message on Domovoi's wire, and the reducer that turns chunks into a message.
//!
//! The protocol is the one the npm packages `agents` and `@cloudflare/ai-chat` speak over a
//! WebSocket: JSON text frames told apart by `type`. This crate is types and pure functions; it
//! opens no socket and stores nothing, and compiles natively and to WebAssembly.
//!
//! | module | what is in it |
//! |---|---|
//! | [`address`] | how an agent's type and instance become a path |
//! | [`frame`] | [`ClientFrame`] and [`ServerFrame`]: every frame in each direction, parsed and written |
//! | [`connection`] | frames sent when a connection opens: identity, MCP servers |
//! | [`state`] | state synchronisation |
//! | [`rpc`] | method calls and their results |
//! | [`chat`] | chat requests, responses and history |
//! | [`resume`] | taking up a stream again after a reconnect |
//! | [`tool`] | answers of clients to tool calls |
//! | [`chunk`] | [`Chunk`]: one step of a streamed message |
//! | [`message`] | [`UiMessage`] and its parts |
//! | [`reducer`] | [`Reducer`]: chunks to a message, the same code on server and in the browser |
//! | [`partial_json`] | reading a tool call's arguments while they are written |
//! | [`json`] | reading JSON, in a browser with less of a program |
//! | [`data_stream`] | the stream format of clients from the time of `ai` 4 |
//!
//! ```
//! use domovoi_protocol::{Chunk, Reducer};
//!
//! let mut reducer = Reducer::new("m1");
//! for body in [
//!     r#"{"type":"text-start","id":"t"}"#,
//!     r#"{"type":"text-delta","id":"t","delta":"Hello"}"#,
//!     r#"{"type":"text-end","id":"t"}"#,
//! ] {
//!     reducer.apply(&Chunk::parse(body)?);
//! }
//! assert_eq!(reducer.message().text(), "Hello");
//! # Ok::<(), domovoi_protocol::ParseError>(())
//! ```

pub mod address;
pub mod chat;
pub mod chunk;
pub mod connection;
pub mod data_stream;
mod error;
mod fields;
pub mod frame;
pub mod json;
pub mod message;
pub mod partial_json;
pub mod reducer;
pub mod resume;
pub mod rpc;
pub mod state;
pub mod tool;

pub use chunk::Chunk;
pub use error::ParseError;
pub use frame::{ClientFrame, ServerFrame};
pub use message::{Part, Role, UiMessage};
pub use reducer::Reducer;
