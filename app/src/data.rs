//! What the page is made from: asked from the server while it renders, and carried to the
//! browser inside the page, so that both begin with the same.

use std::{future::ready, sync::Arc};

use domovoi_client::chat::HistoryPage;
use domovoi_protocol::UiMessage;
use futures::{FutureExt, future::BoxFuture};
use leptos::prelude::use_context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    address::{Section, conversation_in},
    language::{Lang, t},
    types::{
        ConversationsState, SystemState,
        approvals::{ApprovalsState, ApprovalsView},
        inspect::AgentTypeView,
        prompts::PromptsState,
        tasks::TasksView,
    },
};

/// How many messages a page is asked to render with: one more than it shows, which says that
/// there are older ones.
pub const FIRST_MESSAGES: usize = HistoryPage::SIZE + 1;

/// What the server knows. It gives the page an `Arc<dyn PageData>` as context.
pub trait PageData: Send + Sync {
    /// All conversations, the one used last first.
    fn conversations(&self) -> BoxFuture<'_, ConversationsState>;

    /// The newest messages of the conversation `id`, oldest first, at most [`FIRST_MESSAGES`]; none
    /// where it does not exist.
    fn messages(&self, id: String) -> BoxFuture<'_, Vec<UiMessage>>;

    /// Version and model.
    fn system(&self) -> BoxFuture<'_, SystemState>;

    /// What the person is called, where people sign in.
    fn account(&self) -> Option<String> {
        None
    }

    /// How many calls wait for a person.
    fn approvals_state(&self) -> BoxFuture<'_, ApprovalsState> {
        ready(ApprovalsState::default()).boxed()
    }

    /// Calls that wait for a person, and decisions.
    fn approvals(&self) -> BoxFuture<'_, ApprovalsView> {
        ready(ApprovalsView::default()).boxed()
    }

    /// Tasks and reminders, for who reads this language.
    fn tasks(&self, _lang: Lang) -> BoxFuture<'_, TasksView> {
        ready(TasksView::default()).boxed()
    }

    /// Prompts that the person keeps.
    fn prompts(&self) -> BoxFuture<'_, PromptsState> {
        ready(PromptsState::default()).boxed()
    }

    /// Agent types, with their first instances.
    fn agents(&self) -> BoxFuture<'_, Vec<AgentTypeView>> {
        ready(Vec::new()).boxed()
    }
}

/// What the page of a section shows, as JSON: a page decodes what is its own. `Null` for a
/// conversation.
async fn section_data(data: &dyn PageData, section: Section, lang: Lang) -> Value {
    let shown = match section {
        // The list of conversations has the folders.
        Section::Chat | Section::Folders => Ok(Value::Null),
        Section::Prompts => serde_json::to_value(data.prompts().await),
        Section::Approvals => serde_json::to_value(data.approvals().await),
        Section::Tasks => serde_json::to_value(data.tasks(lang).await),
        Section::Agents => serde_json::to_value(data.agents().await),
    };
    shown.unwrap_or_default()
}

/// What one page shows when it arrives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PageState {
    /// The sidebar.
    pub conversations: ConversationsState,
    /// The conversation that is open; `None` on the page of a new one.
    pub conversation: Option<String>,
    /// Its messages.
    pub messages: Vec<UiMessage>,
    /// The header.
    pub system: SystemState,
    /// When it was asked for, in milliseconds since 1970.
    pub now: u64,
    /// The foot of the sidebar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// How many calls wait for a person.
    pub approvals: Value,
    /// What a page beside the conversations shows.
    pub section: Value,
}

impl PageState {
    /// What the page at `path` shows. Asks the [`PageData`] in context; without one, as in the
    /// browser, the state is empty.
    pub async fn load(path: String) -> Self {
        let conversation = conversation_in(&path);
        let Some(data) = use_context::<Arc<dyn PageData>>() else {
            return Self { conversation, ..Self::default() };
        };
        let lang = t();
        let messages = match &conversation {
            Some(id) => data.messages(id.clone()).await,
            None => Vec::new(),
        };
        Self {
            conversations: data.conversations().await,
            conversation,
            messages,
            system: data.system().await,
            now: now(),
            account: data.account(),
            approvals: serde_json::to_value(data.approvals_state().await).unwrap_or_default(),
            section: section_data(&*data, Section::of(&path), lang).await,
        }
    }
}

fn now() -> u64 {
    // There is no clock in a browser, where nothing is asked for either.
    #[cfg(not(target_arch = "wasm32"))]
    {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.ok().and_then(|since| u64::try_from(since.as_millis()).ok()).unwrap_or_default()
    }
    #[cfg(target_arch = "wasm32")]
    0
}
