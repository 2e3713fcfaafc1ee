//! The frame of all pages, the list and the bar, and in it a conversation or a page of agents at
//! work.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{components::Outlet, hooks::use_location};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    address::Section,
    components::{chat_pane::ChatPane, header::Header, palette::CommandPalette, sidebar::Sidebar},
    data::PageState,
    hooks::{use_highlights::provide_highlights, use_workspace::provide_workspace},
    pages::{agents::AgentsPage, approvals::ApprovalsPage, tasks::TasksPage},
};

/// Asks the server what the page shows, and shows it. It stays in place while the address
/// changes from a conversation to another.
#[component]
pub fn WorkspacePage() -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    // As JSON of no type: the browser has a reader of that already.
    let load = async move { serde_json::to_value(PageState::load(path).await).unwrap_or_default() };
    let page = OnceResource::<Value>::new(load);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                let page = PageState::deserialize(page.await).unwrap_or_default();
                view! { <Desk page /> }
            })}
        </Suspense>
        // The routes below draw nothing, but the router waits for them before it changes the address.
        <Outlet />
    }
}

#[component]
fn Desk(page: PageState) -> impl IntoView {
    let workspace = provide_workspace(&page);
    provide_highlights();
    // The messages that came with the page are those of the conversation it came with.
    let first = StoredValue::new(Some((page.conversation, page.messages)));
    let messages_of = move |id: &str| {
        let known = first.try_update_value(Option::take).flatten();
        match known {
            Some((Some(known), messages)) if known == id => Some(messages),
            _ if workspace.open_id.get_untracked().is_none() => Some(Vec::new()),
            _ => None,
        }
    };
    let data = StoredValue::new(Some(page.section));
    let first_data = move || data.try_update_value(Option::take).flatten().unwrap_or_default();
    // The server asks for it when the page is written, and what it was made in may be gone by then.
    let name = ArcMemo::from(workspace.title);
    name.with_untracked(|_| ());
    let title = move || format!("{} \u{b7} Domovoi", name.get());
    view! {
        <Title text=title />
        <div class="flex h-dvh overflow-hidden bg-canvas text-ink">
            <Sidebar />
            <CommandPalette />
            <main class="flex min-w-0 flex-1 flex-col">
                <Header />
                {move || match workspace.section.get() {
                    Section::Chat => {
                        let id = workspace.chat_id.get();
                        let messages = messages_of(&id);
                        view! { <ChatPane id messages /> }.into_any()
                    }
                    Section::Approvals => {
                        view! { <ApprovalsPage initial=first_data() /> }.into_any()
                    }
                    Section::Tasks => view! { <TasksPage initial=first_data() /> }.into_any(),
                    Section::Agents => {
                        view! { <AgentsPage initial=first_data() /> }.into_any()
                    }
                }}
            </main>
        </div>
    }
}
