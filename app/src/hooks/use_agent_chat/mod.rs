//! One conversation.
//!
//! The state machine of `domovoi_client::chat` decides; this hook carries its effects out and
//! keeps signals in step. Frames are applied as they come, and drawn at most thirty times a second:
//! each message has a signal of its own, so only what changed is drawn.
//!
//! | module | what is in it |
//! |---|---|
//! | `actions` | what a person or the application does: send, edit, regenerate, answer tools |
//! | `browser_tools` | [`BrowserTool`]: tools that run in the page |
//! | `data` | parts of the application's own that answers carry |
//! | `drawing` | signals follow the session, at most thirty times a second |
//! | `ending` | [`Ending`]: how the last turn ended, in words |
//! | `link` | between the session and the connection |
//! | `options` | [`AgentChatOptions`]: what a conversation begins with |
//! | `queue` | [`QueuedMessage`]: what is sent when the turn ends |
//! | `rating` | what a person thinks of an answer |
//! | `rows` | [`Row`]: a message and its signal |
//! | `versions` | earlier versions of edited questions and repeated answers |

use domovoi_client::{
    AgentClient, ConnectionStatus,
    chat::{ChatSession, HistoryPage},
};
use domovoi_protocol::{UiMessage, chat::MessageVersions, message::DataPart};
use leptos::prelude::*;
use serde_json::{Map, Value};

pub use browser_tools::BrowserTool;
pub use domovoi_client::chat::ChatStatus;
pub use ending::Ending;
pub use options::AgentChatOptions;
pub use queue::QueuedMessage;
pub use rating::Rating;
pub use rows::Row;
pub use versions::Place;

use super::use_agent::use_client;
use crate::types::ASSISTANT_AGENT;

mod actions;
mod browser_tools;
mod data;
mod drawing;
mod ending;
mod link;
mod options;
mod queue;
mod rating;
mod rows;
mod versions;

/// A conversation; see [`use_agent_chat`].
#[derive(Clone, Copy)]
pub struct AgentChat {
    /// The messages, oldest first; [`AgentChat::messages`] has them without their signals.
    pub rows: RwSignal<Vec<Row>>,
    /// How the conversation stands.
    pub status: RwSignal<ChatStatus>,
    /// How many answers the model gives before this one.
    pub ahead: RwSignal<u64>,
    /// Why the last turn failed.
    pub error: RwSignal<Option<String>>,
    /// How the connection stands.
    pub connection: RwSignal<ConnectionStatus>,
    /// What the person is writing.
    pub input: RwSignal<String>,
    /// What is sent when the turn ends, one after another.
    pub queued: RwSignal<Vec<QueuedMessage>>,
    /// Whether the history is on its way.
    pub is_loading: RwSignal<bool>,
    /// Whether there are messages before those that are shown.
    pub has_older: RwSignal<bool>,
    /// Whether older messages are on their way.
    pub is_loading_older: RwSignal<bool>,
    /// Begin and end of answers in words, for those who listen.
    pub announcement: RwSignal<&'static str>,
    /// The messages that have several versions.
    pub versions: RwSignal<Vec<MessageVersions>>,
    metadata: RwSignal<Map<String, Value>>,
    transient: RwSignal<Vec<DataPart>>,
    /// The server's history has been heard since the page came.
    is_settled: RwSignal<bool>,
    id: StoredValue<String>,
    core: StoredValue<Core>,
    client: StoredValue<Option<AgentClient>>,
}

#[derive(Default)]
struct Core {
    session: ChatSession,
    undrawn: drawing::Undrawn,
    /// When the signals were last set, in milliseconds since 1970.
    drawn_at: f64,
    /// How long the last drawing took until it was painted, in milliseconds.
    drawing_took: f64,
    tools: browser_tools::Registry,
    versions: versions::Fetching,
}

/// Opens the conversation `id` of Domovoi's assistant. Where its messages are not known, the
/// newest are fetched; of those that are, as many are shown, and one more says that there are older
/// ones.
pub fn use_agent_chat(id: &str, initial: Option<Vec<UiMessage>>) -> AgentChat {
    let options = AgentChatOptions { messages: initial, ..AgentChatOptions::default() };
    use_agent_chat_with(ASSISTANT_AGENT, id, options)
}

/// Opens the conversation `id` of `agent`. It lives as long as the component that called this; on
/// the server nothing is opened.
pub fn use_agent_chat_with(agent: &str, id: &str, options: AgentChatOptions) -> AgentChat {
    let AgentChatOptions { messages, metadata, tools } = options;
    let is_loading = RwSignal::new(messages.is_none());
    let page = HistoryPage::newest_of(messages.unwrap_or_default(), HistoryPage::SIZE);
    let (rows, has_older) = (rows::rows_of(&page.messages, &[], None), page.has_older);
    let mut core = Core { session: ChatSession::new(page), ..Core::default() };
    core.session.set_custom_fields(metadata.clone());
    for tool in tools {
        core.add_tool(tool);
    }
    let chat = AgentChat {
        rows: RwSignal::new(rows),
        status: RwSignal::new(ChatStatus::Ready),
        ahead: RwSignal::new(0),
        error: RwSignal::new(None),
        connection: RwSignal::new(ConnectionStatus::Connecting),
        input: RwSignal::new(String::new()),
        queued: RwSignal::new(Vec::new()),
        is_loading,
        has_older: RwSignal::new(has_older),
        is_loading_older: RwSignal::new(false),
        announcement: RwSignal::new(""),
        versions: RwSignal::new(Vec::new()),
        metadata: RwSignal::new(metadata),
        transient: RwSignal::new(Vec::new()),
        is_settled: RwSignal::new(false),
        id: StoredValue::new(id.to_owned()),
        core: StoredValue::new(core),
        client: StoredValue::new(None),
    };
    use_client(chat.client, chat.connection, agent, id, move |event| chat.hear(event));
    chat
}
