//! The list of conversations, in step with every tab.

use leptos::prelude::*;

use super::use_agent::{Agent, use_agent};
use crate::types::{CONVERSATIONS_AGENT, Conversation, ConversationsState};

/// The list of conversations.
#[derive(Clone, Copy)]
pub struct Conversations {
    /// All conversations, the one used last first.
    pub list: Signal<Vec<Conversation>>,
    agent: Agent<ConversationsState>,
}

/// Follows the list of conversations.
pub fn use_conversations(initial: Vec<Conversation>) -> Conversations {
    let initial = ConversationsState { conversations: initial };
    let agent = use_agent(CONVERSATIONS_AGENT, "default", initial);
    let list = Memo::new(move |_| agent.state.with(|state| state.conversations.clone()));
    Conversations { list: list.into(), agent }
}

impl Conversations {
    /// The title of a conversation; empty where it is not in the list.
    #[must_use]
    pub fn title_of(&self, id: String) -> Memo<String> {
        let list = self.list;
        Memo::new(move |_| {
            list.with(|list| {
                let found = list.iter().find(|conversation| conversation.id == id);
                found.map(|conversation| conversation.title.clone()).unwrap_or_default()
            })
        })
    }

    /// Gives a conversation another title. The list shows it when the server has it.
    pub fn rename(&self, id: &str, title: &str) {
        self.agent.call("rename", (id.to_owned(), title.to_owned()), |_: Result<(), _>| {});
    }

    /// Deletes a conversation with its messages.
    pub fn remove(&self, id: &str) {
        self.agent.call("remove", (id.to_owned(),), |_: Result<(), _>| {});
    }
}
