//! What the sidebar lists: conversations in groups, or what a search has found.

use leptos::prelude::*;

use crate::language::t;
use crate::reactive::{memo, when};
use crate::{
    address::path_of,
    components::{
        conversation_item::ConversationItem,
        file_button::file_button,
        folder_row::{folder_row, folders_row},
        header::QUIET_BUTTON_CLASS,
        icon::{Glyph, Icon},
    },
    groups::Row,
    hooks::{use_target_message::TARGET, use_workspace::use_workspace},
    types::{CONVERSATIONS_AGENT, Fragment, SearchHit},
};

/// The field for a search, and the list below it.
#[component]
pub fn ConversationList() -> impl IntoView {
    let workspace = use_workspace();
    let conversations = workspace.conversations;
    let searches = memo(move || conversations.query.with(|query| !query.trim().is_empty()));
    view! {
        <div class="relative px-3 pb-2">
            <span class="absolute inset-y-0 left-5 flex items-center pb-2 text-faint">
                <Icon glyph=Glyph::Search class="h-4 w-4" />
            </span>
            <input
                type="search"
                class="h-8 w-full rounded-lg border border-line bg-canvas pl-8 pr-2 text-sm placeholder:text-faint"
                data-testid="search"
                aria-label=t().search_all_conversations()
                placeholder=t().search()
                autocomplete="off"
                prop:value=move || conversations.query.get()
                on:input=move |event| conversations.search(&event_target_value(&event))
            />
        </div>
        <ul class="scroller flex min-h-0 flex-1 flex-col gap-px overflow-y-auto px-3 pb-4" class:hidden=searches>
            <For each=move || conversations.rows.get() key=Row::key children=row />
            {when(move || conversations.list.with(Vec::is_empty), move || { view! {
                <li class="px-2 py-1.5 text-sm text-faint">{t().nothing_here_yet()}</li>
            }.into_any() })}
        </ul>
        <ul
            class="scroller flex min-h-0 flex-1 flex-col gap-px overflow-y-auto px-3 pb-4"
            class:hidden=move || !searches.get()
            aria-label=t().found()
        >
            {move || {
                match conversations.hits.get() {
                    Some(hits) if hits.is_empty() => {
                        view! { <li class="px-2 py-1.5 text-sm text-faint">{t().nothing_found()}</li> }.into_any()
                    }
                    hits => hits.unwrap_or_default().into_iter().map(hit).collect_view().into_any(),
                }
            }}
        </ul>
    }
}

fn row(row: Row) -> AnyView {
    let conversations = use_workspace().conversations;
    match row {
        Row::Item(id) => view! { <ConversationItem id inside=false /> }.into_any(),
        Row::Inside(id) => view! { <ConversationItem id inside=true /> }.into_any(),
        Row::Folders => folders_row(),
        Row::Folder(id) => folder_row(id),
        Row::Group(name) => {
            view! { <li class="px-2 pb-1 pt-3 text-xs font-medium text-faint">{name}</li> }
                .into_any()
        }
        Row::Archived(count) => {
            let shows = conversations.shows_archived;
            view! {
                <li class="pt-3">
                    <button
                        type="button"
                        class="flex h-8 w-full items-center gap-2 rounded-lg px-2 text-xs font-medium text-faint hover:bg-hover"
                        data-testid="archived"
                        aria-expanded=move || shows.get().to_string()
                        on:click=move |_| shows.update(|shows| *shows = !*shows)
                    >
                        <Icon glyph=Glyph::Archive class="h-3.5 w-3.5" />
                        {t().archived_count(count)}
                    </button>
                </li>
            }
            .into_any()
        }
    }
}

/// A conversation, and the messages in it that were found.
fn hit(hit: SearchHit) -> AnyView {
    let path = path_of(&hit.conversation_id);
    let messages = hit.messages.into_iter().map(|message| {
        let address = format!("{path}#{TARGET}{}", message.message_id);
        let class = "block break-words rounded-lg py-1 pl-4 pr-2 text-xs text-muted transition-colors hover:bg-hover";
        found(address, class, "search-message", message.fragments)
    });
    let messages: Vec<AnyView> = messages.collect();
    let class = "block truncate rounded-lg px-2 py-1.5 text-sm transition-colors hover:bg-hover";
    view! {
        <li class="pb-1" data-testid="search-hit">
            {found(path, class, "search-title", hit.title)}
            {messages}
        </li>
    }
    .into_any()
}

fn found(
    address: String,
    class: &'static str,
    test: &'static str,
    fragments: Vec<Fragment>,
) -> AnyView {
    let drawer = use_workspace().drawer;
    let fragments = fragments.into_iter().map(|fragment| match fragment.hit {
        true => view! { <mark>{fragment.text}</mark> }.into_any(),
        false => fragment.text.into_any(),
    });
    let fragments: Vec<AnyView> = fragments.collect();
    view! {
        <a href=address class=class data-testid=test on:click=move |_| drawer.set(false)>
            {fragments}
        </a>
    }
    .into_any()
}

/// Conversations come in from a file, and all of them go out as one.
pub(super) fn files_foot() -> AnyView {
    let conversations = use_workspace().conversations;
    let take = Callback::new(move |files: Vec<_>| {
        files.into_iter().take(1).for_each(|file| conversations.import(file));
    });
    let kind = ".json,application/json";
    view! {
        {file_button("import", Glyph::Upload, t().import_conversations(), kind, false, take)}
        <a
            href=format!("/agents/{CONVERSATIONS_AGENT}/default/export.json")
            download
            rel="external"
            class=QUIET_BUTTON_CLASS
            data-testid="export-all"
            aria-label=t().export_all_conversations()
            title=t().export_all_conversations()
        >
            <Icon glyph=Glyph::Download />
        </a>
    }
    .into_any()
}

/// What just happened, with the way back where there is one.
#[component]
pub fn Notes() -> impl IntoView {
    let workspace = use_workspace();
    let conversations = workspace.conversations;
    view! {
        <div class="fixed inset-x-0 bottom-24 z-40 flex justify-center" role="status">
            {move || {
                let note = conversations.note.get()?;
                let undo = note.deleted.map(|id| {
                    view! {
                        <button
                            type="button"
                            class="font-medium underline"
                            data-testid="undo"
                            on:click=move |_| {
                                conversations.restore(&id);
                                workspace.go(&path_of(&id));
                            }
                        >
                            {t().undo()}
                        </button>
                    }
                });
                Some(
                    view! {
                        <div
                            class="flex max-w-[90%] items-center gap-4 rounded-xl bg-ink px-4 py-2.5 text-sm text-canvas shadow-md"
                            data-testid="note"
                        >
                            <span>{note.text}</span>
                            {undo}
                        </div>
                    },
                )
            }}
        </div>
    }
}
