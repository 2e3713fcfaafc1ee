//! The chat half of the protocol as a state machine without I/O.
//!
//! A [`ChatSession`] is told what the person does and what the server sends, and answers with
//! [`Effect`]s: frames to send, a history to fetch, things to draw again. Whoever owns a socket
//! carries them out; the Leptos hook and native programs use the same session.
//!
//! | module | what is in it |
//! |---|---|
//! | `session` | [`ChatSession`]: what a person does, and the state there is to read |
//! | `incoming`, `delta` | what the server's frames do to it |
//! | `turn` | one running turn: which chunks it has, when it starts over |
//! | `transcript` | the messages, of which some are being written |
//! | `page` | [`HistoryPage`], and loading what is older |
//! | `effect` | [`Effect`], [`Changed`], [`ChatStatus`] |
//! | `client`, `local_tool` | `ChatClient`: all of it for a native program, with the feature `http`; `LocalTool` |
//!
//! ```
//! use domovoi_client::chat::{ChatSession, ChatStatus, Effect};
//! use domovoi_protocol::{ClientFrame, ServerFrame};
//!
//! let mut session = ChatSession::default();
//! session.opened();
//! let sent = session.submit("Hello").into_iter().find_map(|effect| match effect {
//!     Effect::Send(ClientFrame::ChatRequest(request)) => Some(request.id),
//!     _ => None,
//! });
//! assert_eq!(session.status(), ChatStatus::Submitted);
//!
//! let turn = sent.unwrap_or_default();
//! for (seq, chunk) in [
//!     r#"{\"type\":\"start\",\"messageId\":\"m\"}"#,
//!     r#"{\"type\":\"text-delta\",\"id\":\"t\",\"delta\":\"Good day\"}"#,
//! ].iter().enumerate() {
//!     let frame = format!(
//!         r#"{{"type":"cf_agent_use_chat_response","id":"{turn}","seq":{seq},"body":"{chunk}"}}"#
//!     );
//!     if let Some(frame) = ServerFrame::parse(&frame)? {
//!         session.handle(&frame);
//!     }
//! }
//! assert_eq!(session.messages().last().map(|message| message.text()).as_deref(), Some("Good day"));
//! # Ok::<(), domovoi_protocol::ParseError>(())
//! ```

#[cfg(all(not(target_arch = "wasm32"), feature = "http"))]
mod client;
mod delta;
mod effect;
mod incoming;
#[cfg(all(not(target_arch = "wasm32"), feature = "http"))]
mod local_tool;
mod page;
mod refetch;
mod session;
mod transcript;
mod turn;

#[cfg(all(not(target_arch = "wasm32"), feature = "http"))]
pub use client::ChatClient;
pub use effect::{Changed, ChatStatus, Effect};
pub use incoming::NO_REASON;
#[cfg(all(not(target_arch = "wasm32"), feature = "http"))]
pub use local_tool::LocalTool;
pub use page::HistoryPage;
pub use session::{ChatSession, Decision};
