//! What the server and the page tell each other beside messages: JSON in camelCase.

pub mod approvals;
pub mod folders;
pub mod inspect;
pub mod prompts;
pub mod tasks;

use domovoi_protocol::UiMessage;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::folders::Folder;

/// Agent type of conversations; a conversation's id is the instance's name.
pub const ASSISTANT_AGENT: &str = "assistant";

/// Agent type of the list of conversations; there is one instance, `default`.
pub const CONVERSATIONS_AGENT: &str = "conversations";

/// Agent type of the state of the system; there is one instance, `default`.
pub const SYSTEM_AGENT: &str = "system";

/// The field of a chat request by which one answer is made by another model: its `route`, and the id of
/// the `question` it holds for.
pub const ANSWER_BY: &str = "answerBy";

/// Most bytes of a file that is attached to a message.
pub const MAX_FILE_BYTES: usize = 10_000_000;

/// Most files of one message.
pub const MAX_FILES: usize = 10;

/// How long a deleted conversation can be brought back, in seconds.
pub const UNDO_SECONDS: u64 = 10;

/// A conversation as the list shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// The conversation's id, a UUID.
    pub id: String,
    /// What a person called it, or the begin of its first message.
    pub title: String,
    /// When its first message was sent, in milliseconds since 1970.
    pub created_at: u64,
    /// When its last message was sent, in milliseconds since 1970.
    pub updated_at: u64,
    /// Whether it stays at the top.
    #[serde(default)]
    pub pinned: bool,
    /// Whether it was put away.
    #[serde(default)]
    pub archived: bool,
    /// When it was deleted, in milliseconds since 1970; it is not shown, and goes soon.
    #[serde(default)]
    pub deleted_at: Option<u64>,
}

/// A conversation in which words were found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchHit {
    /// The conversation.
    pub conversation_id: String,
    /// Its title.
    pub title: Vec<Fragment>,
    /// The messages that have the words, the best first; none where the title alone has them.
    pub messages: Vec<FoundMessage>,
}

/// A message in which words were found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundMessage {
    /// The message.
    pub message_id: String,
    /// Whether a person wrote it.
    pub from_person: bool,
    /// The words and those around them.
    pub fragments: Vec<Fragment>,
}

/// A piece of a text that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragment {
    /// The text.
    pub text: String,
    /// Whether it is what was looked for.
    pub hit: bool,
}

/// Answer to `POST /agents/conversations/default/import`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportResult {
    /// How many conversations were added.
    pub conversations: usize,
    /// The same in words for a person, and what was left out and why.
    pub message: String,
}

/// State of the agent `conversations`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationsState {
    /// All conversations, the one used last first.
    pub conversations: Vec<Conversation>,
    /// Conversations for which a model was chosen, with its route.
    #[serde(default)]
    pub models: Vec<(String, String)>,
    /// Folders, by their names.
    #[serde(default)]
    pub folders: Vec<Folder>,
    /// Conversations that are in a folder, with its id.
    #[serde(default)]
    pub places: Vec<(String, String)>,
}

/// State of the agent `system`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SystemState {
    /// Domovoi's version.
    pub version: String,
    /// The model that answers where no other was chosen.
    pub model: ModelView,
    /// What can be chosen.
    #[serde(default)]
    pub routes: Vec<RouteView>,
}

/// A model that can be chosen: a route of the gateway.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RouteView {
    /// The route's name.
    pub name: String,
    /// The name of the model that is asked first.
    pub model: String,
}

/// The model that answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelView {
    /// Its name.
    pub name: String,
    /// Whether it can answer.
    pub readiness: Readiness,
}

/// Whether a model can answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", from = "ReadinessFields")]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Readiness {
    /// Its weights are on their way.
    Downloading {
        /// Bytes that are there.
        received_bytes: u64,
        /// Bytes there will be, where that is known.
        total_bytes: Option<u64>,
        /// Seconds it will take, where that can be said.
        seconds_left: Option<u64>,
    },
    /// It is being loaded into memory.
    #[default]
    Loading,
    /// It answers.
    Ready,
    /// It cannot answer.
    Failed {
        /// What happened and what to do.
        message: String,
        /// The same in other languages than English, by their names.
        #[serde(default)]
        words: Value,
    },
}

/// The fields of all of them: read so, they weigh less in the browser.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadinessFields {
    state: String,
    #[serde(default)]
    received_bytes: u64,
    total_bytes: Option<u64>,
    seconds_left: Option<u64>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    words: Value,
}

impl From<ReadinessFields> for Readiness {
    fn from(fields: ReadinessFields) -> Self {
        let ReadinessFields { state, received_bytes, total_bytes, seconds_left, message, words } =
            fields;
        match state.as_str() {
            "downloading" => Self::Downloading { received_bytes, total_bytes, seconds_left },
            "ready" => Self::Ready,
            "failed" => Self::Failed { message, words },
            _ => Self::Loading,
        }
    }
}

/// How a turn ended, in the metadata of an assistant message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnEnd {
    /// How.
    pub outcome: TurnOutcome,
    /// What went wrong, for a person to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same in other languages than English, by their names.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub words: Value,
}

/// How a turn ended that did not end with a complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TurnOutcome {
    /// A person stopped it.
    Aborted,
    /// The model or a tool failed.
    Error,
    /// The server was stopped before it ended.
    Interrupted,
}

impl TurnEnd {
    /// How the turn of this message ended; nothing where it ended well, or has not ended.
    #[must_use]
    pub fn of(message: &UiMessage) -> Option<Self> {
        let turn = message.metadata.as_ref()?.get("turn")?;
        serde_json::from_value(turn.clone()).ok()
    }
}

/// What a [`HighlightRequest`] calls the language of a formula in LaTeX that stands in a line. No
/// language of a code block can have this name.
pub const INLINE_MATH: &str = "$";

/// What a [`HighlightRequest`] calls the language of a formula in LaTeX with lines of its own.
pub const DISPLAY_MATH: &str = "$$";

/// Question to `POST /api/highlight`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HighlightRequest {
    /// The language as the model named it; [`INLINE_MATH`] or [`DISPLAY_MATH`] for a formula.
    pub language: String,
    /// The code.
    pub code: String,
}

/// Answer of `POST /api/highlight`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HighlightResponse {
    /// The code as escaped HTML, in spans with classes that begin with `hl-`; a formula as MathML.
    pub html: String,
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::{Role, UiMessage};
    use serde_json::{Value, json};

    use super::{Readiness, SystemState, TurnEnd, TurnOutcome};

    #[test]
    fn the_state_of_the_system_on_the_wire() {
        let state: SystemState = serde_json::from_value(json!({
            "version": "0.1.0",
            "model": { "name": "qwen", "readiness": {
                "state": "downloading", "receivedBytes": 5, "totalBytes": 10, "secondsLeft": 2
            }}
        }))
        .unwrap();
        assert_eq!(
            state.model.readiness,
            Readiness::Downloading {
                received_bytes: 5,
                total_bytes: Some(10),
                seconds_left: Some(2)
            }
        );
        assert_eq!(serde_json::to_value(Readiness::Ready).unwrap(), json!({ "state": "ready" }));
    }

    #[test]
    fn how_a_turn_ended() {
        let mut message = UiMessage::new("m", Role::Assistant, "half");
        assert_eq!(TurnEnd::of(&message), None);
        message.metadata = Some(json!({ "turn": { "outcome": "aborted" }, "model": "qwen" }));
        assert_eq!(
            TurnEnd::of(&message),
            Some(TurnEnd { outcome: TurnOutcome::Aborted, error: None, words: Value::Null })
        );
        message.metadata = Some(json!({ "turn": { "outcome": "from the future" } }));
        assert_eq!(TurnEnd::of(&message), None);
    }
}
