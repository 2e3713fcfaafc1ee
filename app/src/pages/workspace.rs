//! The frame of all pages, the list and the bar, and in it a conversation or a page of agents at
//! work.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{components::Outlet, hooks::use_location};
use serde::Deserialize;
use serde_json::Value;

use super::{Arrived, Pages};
use crate::{
    components::{header::Header, palette::CommandPalette, sidebar::Sidebar},
    data::PageState,
    hooks::{
        use_highlights::provide_highlights, use_palette::provide_palette,
        use_workspace::provide_workspace,
    },
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
    provide_palette();
    provide_highlights();
    let arrived = Arrived {
        messages: StoredValue::new(Some((page.conversation, page.messages))),
        section: StoredValue::new(Some(page.section)),
    };
    #[cfg(feature = "ssr")]
    let Pages(draw) = super::ALL;
    #[cfg(not(feature = "ssr"))]
    let Pages(draw) = expect_context();
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
                {move || draw(workspace.section.get(), arrived)}
            </main>
        </div>
    }
}
