//! Every frame in each direction.
//!
//! Both sides ignore frames of a type they do not know, so that either may be newer than the
//! other: [`ClientFrame::parse`] and [`ServerFrame::parse`] answer `Ok(None)` for those and for
//! text that is not ours at all, and an error only for a known type in the wrong shape.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    ParseError,
    chat::{
        CancelFrame, ChatDelta, ChatRequest, ChatResponse, HistoryFrame, MessageUpdated,
        SelectVersion,
    },
    connection::{ErrorFrame, IdentityFrame, McpServersFrame},
    json,
    resume::{PendingFrame, RecoveringFrame, ResumeAck, ResumeNone, ResumeRequest, ResumingFrame},
    rpc::{RpcRequest, RpcResponse},
    state::{StateErrorFrame, StateFrame},
    tool::{ToolApproval, ToolResult},
};

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

/// The `type` of a JSON object, where it has one.
pub(crate) fn kind_of(text: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Tag<'_>>(text).ok().map(|tag| tag.kind)
}

/// A frame without fields of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

macro_rules! frames {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident($payload:ty) = $tag:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(tag = "type")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $tag)] $variant($payload),)*
        }

        impl $name {
            /// Reads a frame; `Ok(None)` where the text is not one of the protocol's.
            ///
            /// # Errors
            /// [`ParseError`] where the text has a known `type` but not that type's fields.
            pub fn parse(text: &str) -> Result<Option<Self>, ParseError> {
                let Some(kind) = kind_of(text) else { return Ok(None) };
                match kind.as_ref() {
                    $($tag => json::read(text)
                        .map(|frame| Some(Self::$variant(frame)))
                        .map_err(|source| ParseError::new($tag, source)),)*
                    _ => Ok(None),
                }
            }

            /// The frame as JSON text.
            #[must_use]
            pub fn to_json(&self) -> String {
                // Serialising these types cannot fail: no maps with keys that are not strings.
                serde_json::to_string(self).unwrap_or_default()
            }

            /// The frame's `type` on the wire.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $tag,)* }
            }
        }

        $(impl From<$payload> for $name {
            fn from(payload: $payload) -> Self { Self::$variant(payload) }
        })*
    };
}

frames! {
    /// A frame from a client to an agent.
    ClientFrame {
        /// The client replaces the state.
        State(StateFrame) = "cf_agent_state",
        /// The client calls a method.
        Rpc(RpcRequest) = "rpc",
        /// The client starts a chat turn.
        ChatRequest(ChatRequest) = "cf_agent_use_chat_request",
        /// The person pressed stop.
        ChatCancel(CancelFrame) = "cf_agent_chat_request_cancel",
        /// The person cleared the history.
        ChatClear(Empty) = "cf_agent_chat_clear",
        /// The client writes messages into the history.
        ChatMessages(HistoryFrame) = "cf_agent_chat_messages",
        /// The client asks whether a turn is running.
        ResumeRequest(ResumeRequest) = "cf_agent_stream_resume_request",
        /// The client is ready for the running turn's chunks.
        ResumeAck(ResumeAck) = "cf_agent_stream_resume_ack",
        /// A tool that runs in the client has finished.
        ToolResult(ToolResult) = "cf_agent_tool_result",
        /// A person approved or rejected a tool call.
        ToolApproval(ToolApproval) = "cf_agent_tool_approval",
        /// A person goes back to a version of a message. Our addition.
        SelectVersion(SelectVersion) = "domovoi_select_version",
    }
}

frames! {
    /// A frame from an agent to a client.
    ServerFrame {
        /// Who the client is connected to.
        Identity(IdentityFrame) = "cf_agent_identity",
        /// The whole state.
        State(StateFrame) = "cf_agent_state",
        /// The client's state update was refused.
        StateError(StateErrorFrame) = "cf_agent_state_error",
        /// Something the client sent could not be handled. Our addition; npm clients ignore it.
        Error(ErrorFrame) = "domovoi_error",
        /// MCP servers the agent is connected to.
        McpServers(McpServersFrame) = "cf_agent_mcp_servers",
        /// The result of a call, or a piece of it.
        Rpc(RpcResponse) = "rpc",
        /// One chunk of a chat turn, or its end.
        ChatResponse(ChatResponse) = "cf_agent_use_chat_response",
        /// The whole history.
        ChatMessages(HistoryFrame) = "cf_agent_chat_messages",
        /// What has changed in the history. Our addition.
        ChatDelta(ChatDelta) = "domovoi_chat_delta",
        /// A message of the history has changed.
        MessageUpdated(MessageUpdated) = "cf_agent_message_updated",
        /// The history was cleared.
        ChatClear(Empty) = "cf_agent_chat_clear",
        /// A turn is running and can be taken up.
        Resuming(ResumingFrame) = "cf_agent_stream_resuming",
        /// No turn to take up.
        ResumeNone(ResumeNone) = "cf_agent_stream_resume_none",
        /// A turn is about to start; an answer will follow.
        Pending(PendingFrame) = "cf_agent_stream_pending",
        /// A turn is being recovered after a restart of the server.
        Recovering(RecoveringFrame) = "cf_agent_chat_recovering",
    }
}

impl ServerFrame {
    /// Tells a client that something it sent could not be handled.
    #[must_use]
    pub fn error(error: impl Into<String>) -> Self {
        Self::Error(ErrorFrame { error: error.into() })
    }
}
