//! Chat requests, responses and history.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Chunk, ParseError, UiMessage, tool::ClientTool};

/// `cf_agent_use_chat_request`: the client starts a turn. The shape is that of a `fetch` call,
/// which is what the hook of the AI SDK makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The request's id; it names the turn, and a request sent again with the same id is the same.
    pub id: String,
    /// The request.
    pub init: RequestInit,
}

/// The `fetch` options of a [`ChatRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestInit {
    /// `POST` in every client known.
    pub method: String,
    /// A [`ChatBody`] as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Everything else the client sent.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The body of a chat request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatBody {
    /// The history as the client knows it, with the new message at its end.
    #[serde(default)]
    pub messages: Vec<UiMessage>,
    /// What the person did.
    #[serde(default)]
    pub trigger: Trigger,
    /// Tools that run in the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_tools: Option<Vec<ClientTool>>,
    /// Custom fields.
    #[serde(flatten)]
    pub custom: Map<String, Value>,
}

/// What the person did to start a turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// Sent a message.
    #[default]
    SubmitMessage,
    /// Asked for another answer to the last one.
    RegenerateMessage,
}

impl ChatRequest {
    /// A request with this body.
    #[must_use]
    pub fn new(id: impl Into<String>, body: &ChatBody) -> Self {
        let body = serde_json::to_string(body).ok();
        Self {
            id: id.into(),
            init: RequestInit { method: "POST".to_owned(), body, other: Map::new() },
        }
    }

    /// Reads the body.
    ///
    /// # Errors
    /// [`ParseError`] where it is absent or has the wrong shape.
    pub fn body(&self) -> Result<ChatBody, ParseError> {
        serde_json::from_str(self.init.body.as_deref().unwrap_or_default())
            .map_err(|source| ParseError::new("cf_agent_use_chat_request body", source))
    }
}

/// `cf_agent_chat_request_cancel`: stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelFrame {
    /// The turn to stop.
    pub id: String,
}

/// `cf_agent_chat_messages`: the whole history (server) or messages to write into it (client).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryFrame {
    /// Messages, oldest first.
    pub messages: Vec<UiMessage>,
}

/// `cf_agent_message_updated`: a message of the history has changed; never appends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageUpdated {
    /// The message as it is now.
    pub message: UiMessage,
}

/// `domovoi_chat_delta`: what has changed in the history. Our addition, in place of the whole history,
/// for clients that connect with `domovoi=1` in their query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatDelta {
    /// Messages that are new or have changed, in order: one whose id is known takes the place of that
    /// one, any other comes at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<UiMessage>,
    /// Ids of messages that are part of the history no longer. They go first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// Messages that have changed where they are. One that the client does not hold, since it
    /// has not loaded that far back, is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updated: Vec<UiMessage>,
    /// More has changed than is worth telling: the history is to be fetched again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reload: bool,
}

/// One version of a message; `GET .../get-versions?id=ID` answers with all of one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageVersion {
    /// Names the version in its conversation; later versions have larger numbers.
    pub version: i64,
    /// Whether it is part of the history now.
    pub active: bool,
    /// When it was written, in milliseconds since 1970.
    pub created_at: i64,
    /// The message.
    pub message: UiMessage,
}

/// A message of the history that has several versions; `GET .../get-versions` answers with one for
/// each such message, oldest first. Where the newest message is a person's and had answers before
/// another one was asked for that did not come, the last is of the answer that is missing: it has no
/// `id`, one version or more, and 0 as `active`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageVersions {
    /// The message's id as it is now.
    pub id: String,
    /// Its versions' numbers, oldest first, as [`MessageVersion::version`]; two or more.
    pub versions: Vec<i64>,
    /// The number of the version that is part of the history now; one of `versions`.
    pub active: i64,
}

/// `domovoi_select_version`: a version is to be part of the history again, with what followed it. Our
/// addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectVersion {
    /// The version's number.
    pub version: i64,
}

/// `cf_agent_use_chat_response`: one chunk of a turn, or its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatResponse {
    /// The turn.
    pub id: String,
    /// One [`Chunk`] as JSON text; empty on frames that only carry flags; plain text where `error`.
    #[serde(default)]
    pub body: String,
    /// Whether the turn has ended.
    #[serde(default)]
    pub done: bool,
    /// Whether `body` is the text of an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<bool>,
    /// Whether the turn goes on with an answer that was there before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuation: Option<bool>,
    /// Whether the chunk is sent again to a client that missed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<bool>,
    /// Whether the replay has caught up with the running turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_complete: Option<bool>,
    /// The chunk's number in its turn, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// On the last frame: ids of the user messages that were saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_ids: Option<Vec<String>>,
    /// On the last frame: how the turn ended; absent on a normal end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// With a complete answer.
    Completed,
    /// With an error, sent before.
    Error,
    /// By a person who pressed stop.
    Aborted,
    /// Without having run.
    Skipped,
    /// Not yet: it is being recovered.
    Recovering,
}

impl ChatResponse {
    /// A frame that carries a chunk.
    #[must_use]
    pub fn chunk(id: impl Into<String>, seq: u64, chunk: &Chunk) -> Self {
        Self { id: id.into(), body: chunk.to_json(), seq: Some(seq), ..Self::default() }
    }

    /// A frame that carries an error's text; the one that ends the turn comes after it.
    #[must_use]
    pub fn error(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self { id: id.into(), body: text.into(), error: Some(true), ..Self::default() }
    }

    /// The frame that ends a turn.
    #[must_use]
    pub fn done(id: impl Into<String>, outcome: Option<Outcome>) -> Self {
        Self { id: id.into(), done: true, outcome, ..Self::default() }
    }
}
