//! Pages: what an address shows.
//!
//! The browser has a program for conversations and another for agents at work, each without what the
//! other draws; the server draws all of them.

pub mod agents;
pub mod approvals;
pub mod folders;
pub mod not_found;
pub mod prompts;
pub mod tasks;
pub mod workspace;

use std::time::Duration;

use domovoi_protocol::UiMessage;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde_json::Value;

use self::{
    agents::AgentsPage, approvals::ApprovalsPage, folders::folders_page, prompts::prompts_page,
    tasks::TasksPage,
};
use crate::{
    address::Section, components::chat_pane::ChatPane, hooks::use_workspace::use_workspace,
};

/// How a program draws what is below the bar.
#[derive(Debug, Clone, Copy)]
pub struct Pages(fn(Section, Arrived) -> AnyView);

/// The program for conversations.
pub const CHAT: Pages = Pages(|section, arrived| match section {
    Section::Chat => chat(arrived),
    _ => elsewhere(),
});

/// The program for agents at work.
pub const WORK: Pages = Pages(|section, arrived| match section {
    Section::Chat => elsewhere(),
    _ => work(section, arrived),
});

/// All pages, for the server.
#[cfg(feature = "ssr")]
pub const ALL: Pages = Pages(|section, arrived| match section {
    Section::Chat => chat(arrived),
    _ => work(section, arrived),
});

/// What the page came with; each is given out once, to whom it is for.
#[derive(Debug, Clone, Copy)]
pub struct Arrived {
    /// The newest messages of a conversation, and its id.
    messages: StoredValue<Option<(Option<String>, Vec<UiMessage>)>>,
    /// The data of a page of agents at work.
    section: StoredValue<Option<Value>>,
}

fn chat(arrived: Arrived) -> AnyView {
    let workspace = use_workspace();
    let id = workspace.chat_id.get();
    let messages = match arrived.messages.try_update_value(Option::take).flatten() {
        Some((Some(known), messages)) if known == id => Some(messages),
        _ if workspace.open_id.get_untracked().is_none() => Some(Vec::new()),
        _ => None,
    };
    view! { <ChatPane id messages /> }.into_any()
}

fn work(section: Section, arrived: Arrived) -> AnyView {
    let initial = arrived.section.try_update_value(Option::take).flatten().unwrap_or_default();
    match section {
        Section::Approvals => view! { <ApprovalsPage initial /> }.into_any(),
        Section::Tasks => view! { <TasksPage initial /> }.into_any(),
        Section::Prompts => prompts_page(initial),
        Section::Folders => folders_page(),
        _ => view! { <AgentsPage initial /> }.into_any(),
    }
}

/// A page of the other program, which comes from the server once the router shows its address.
fn elsewhere() -> AnyView {
    load(use_location().pathname.get_untracked());
    ().into_any()
}

/// How often to look whether the address is there.
const LOOK: Duration = Duration::from_millis(10);

fn load(path: String) {
    let look = move || {
        let location = window().location();
        if location.pathname().is_ok_and(|shown| shown == path) {
            let _ = location.reload();
        } else {
            load(path);
        }
    };
    set_timeout(look, LOOK);
}
