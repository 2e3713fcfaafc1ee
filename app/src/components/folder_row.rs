//! Folders in the list of conversations.

use std::collections::BTreeSet;

use leptos::prelude::*;

use crate::language::t;
use crate::{
    address::{Section, page_of_folder},
    components::{
        conversation_item::SMALL_BUTTON_CLASS,
        icon::{Glyph, Icon},
    },
    hooks::use_workspace::use_workspace,
    reactive::memo,
};

/// The name of the group, with the way to a new folder.
pub(super) fn folders_row() -> AnyView {
    let workspace = use_workspace();
    view! {
        <li class="flex items-center justify-between pl-2 pr-1 text-xs font-medium text-faint">
            {t().folders()}
            <a
                href=Section::Folders.place().0
                class=SMALL_BUTTON_CLASS
                data-testid="folders"
                aria-label=t().new_folder()
                title=t().new_folder()
                on:click=move |_| workspace.drawer.set(false)
            >
                <Icon glyph=Glyph::Plus class="h-4 w-4" />
            </a>
        </li>
    }
    .into_any()
}

/// A folder: it opens and closes, begins a conversation, and has a page.
pub(super) fn folder_row(id: String) -> AnyView {
    let workspace = use_workspace();
    let conversations = workspace.conversations;
    let page = page_of_folder(&id);
    let id = StoredValue::new(id);
    let folder = memo(move || {
        conversations.state.with(|state| {
            let id = id.read_value();
            let folder = state.folders.iter().find(|folder| folder.id == *id);
            // Looking for each conversation in all places would be slow with many folders.
            let here: BTreeSet<&str> = state
                .places
                .iter()
                .filter(|(_, of)| *of == *id)
                .map(|(conversation, _)| conversation.as_str())
                .collect();
            let listed = state.conversations.iter();
            let inside = listed.filter(|it| {
                it.deleted_at.is_none() && !it.archived && here.contains(it.id.as_str())
            });
            let (name, closed) = folder.map(|it| (it.name.clone(), it.closed)).unwrap_or_default();
            (name, closed, inside.count())
        })
    });
    let named = move || folder.with(|(name, ..)| name.clone());
    let closed = move || folder.with(|(_, closed, _)| *closed);
    view! {
        <li
            class="row relative flex min-h-9 shrink-0 items-center rounded-lg text-sm transition-colors hover:bg-hover"
            data-testid="folder"
        >
            <button
                type="button"
                class="flex min-h-9 min-w-0 flex-1 items-center gap-1.5 rounded-lg px-2 text-left"
                data-testid="folder-toggle"
                aria-expanded=move || (!closed()).to_string()
                on:click=move |_| conversations.fold(&id.read_value(), !untrack(closed))
            >
                <span class="chevron shrink-0 text-faint">
                    <Icon glyph=Glyph::ChevronRight class="h-4 w-4" />
                </span>
                <span class="min-w-0 flex-1 truncate font-medium">{move || folder.with(|it| it.0.clone())}</span>
                <span class="shrink-0 text-xs tabular-nums text-faint">{move || folder.with(|it| it.2)}</span>
            </button>
            <span class="row-actions flex items-center pr-1">
                <button
                    type="button"
                    class=SMALL_BUTTON_CLASS
                    data-testid="folder-new"
                    aria-label=move || t().new_conversation_in(named())
                    title=t().new_conversation()
                    on:click=move |_| workspace.begin_in(&id.read_value())
                >
                    <Icon glyph=Glyph::NewChat class="h-4 w-4" />
                </button>
                <a
                    href=page
                    class=SMALL_BUTTON_CLASS
                    data-testid="folder-settings"
                    aria-label=move || t().settings_of(named())
                    title=t().settings()
                    on:click=move |_| workspace.drawer.set(false)
                >
                    <Icon glyph=Glyph::Pencil class="h-4 w-4" />
                </a>
            </span>
        </li>
    }
    .into_any()
}
