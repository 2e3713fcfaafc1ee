//! One conversation in the list: open, rename in place, delete after a second click.

use leptos::{ev, html, prelude::*};
use leptos_router::components::A;

use crate::{
    components::icon::{Glyph, Icon},
    hooks::use_workspace::use_workspace,
};

const SMALL_BUTTON_CLASS: &str = "inline-flex h-7 w-7 shrink-0 items-center justify-center rounded-md text-muted transition-colors hover:bg-sunken hover:text-ink";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Shown,
    Renaming,
    Deleting,
}

/// One conversation in the list.
#[component]
pub fn ConversationItem(
    /// The conversation's id.
    id: String,
) -> impl IntoView {
    let workspace = use_workspace();
    let mode = RwSignal::new(Mode::Shown);
    let id = StoredValue::new(id);
    let title = workspace.conversations.title_of(id.get_value());
    let is_open = Memo::new(move |_| {
        workspace.open_id.with(|open| open.as_deref() == Some(id.read_value().as_str()))
    });
    view! {
        <li
            class=move || {
                if is_open.get() {
                    "row relative flex h-9 items-center rounded-lg bg-hover text-sm"
                } else {
                    "row relative flex h-9 items-center rounded-lg text-sm transition-colors hover:bg-hover"
                }
            }
            data-testid="conversation-item"
            data-id=id.get_value()
        >
            {move || match mode.get() {
                Mode::Shown => view! { <Title id=id.get_value() title mode /> }.into_any(),
                Mode::Renaming => view! { <Rename id=id.get_value() title mode /> }.into_any(),
                Mode::Deleting => view! { <Delete id=id.get_value() mode /> }.into_any(),
            }}
        </li>
    }
}

#[component]
fn Title(id: String, title: Memo<String>, mode: RwSignal<Mode>) -> impl IntoView {
    let workspace = use_workspace();
    view! {
        <A
            href=format!("/c/{id}")
            scroll=false
            attr:class="flex h-full min-w-0 flex-1 items-center rounded-lg px-2"
            attr:title=move || title.get()
            on:click=move |_| workspace.drawer.set(false)
        >
            <span class="truncate">{title}</span>
        </A>
        <span class="row-actions flex items-center gap-0.5 pr-1">
            <button
                type="button"
                class=SMALL_BUTTON_CLASS
                data-testid="conversation-rename"
                aria-label=move || format!("Rename \u{201c}{}\u{201d}", title.get())
                title="Rename"
                on:click=move |_| mode.set(Mode::Renaming)
            >
                <Icon glyph=Glyph::Pencil class="h-3.5 w-3.5" />
            </button>
            <button
                type="button"
                class=SMALL_BUTTON_CLASS
                data-testid="conversation-delete"
                aria-label=move || format!("Delete \u{201c}{}\u{201d}", title.get())
                title="Delete"
                on:click=move |_| mode.set(Mode::Deleting)
            >
                <Icon glyph=Glyph::Trash class="h-3.5 w-3.5" />
            </button>
        </span>
    }
}

#[component]
fn Rename(id: String, title: Memo<String>, mode: RwSignal<Mode>) -> impl IntoView {
    let conversations = use_workspace().conversations;
    let input = NodeRef::<html::Input>::new();
    let before = title.get_untracked();
    let old = before.clone();
    let save = move || {
        // Leaving the field after Escape or Enter must not save a second time.
        if mode.get_untracked() != Mode::Renaming {
            return;
        }
        mode.set(Mode::Shown);
        let new = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        let new = new.trim();
        if !new.is_empty() && new != old {
            conversations.rename(&id, new);
        }
    };
    let on_leave = save.clone();
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.is_composing() => save(),
        "Escape" => mode.set(Mode::Shown),
        _ => {}
    };
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
            input.select();
        }
    });
    view! {
        <input
            node_ref=input
            class="h-8 w-full min-w-0 rounded-md border border-line bg-surface px-2 text-sm"
            data-testid="conversation-rename-input"
            aria-label="Title of the conversation"
            maxlength="200"
            value=before
            on:keydown=on_key
            on:blur=move |_| on_leave()
        />
    }
}

#[component]
fn Delete(id: String, mode: RwSignal<Mode>) -> impl IntoView {
    let workspace = use_workspace();
    let confirm = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        if let Some(button) = confirm.get() {
            let _ = button.focus();
        }
    });
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            mode.set(Mode::Shown);
        }
    };
    view! {
        <div class="flex w-full min-w-0 items-center gap-1 px-2" on:keydown=on_key>
            <span class="flex-1 truncate text-muted">"Delete it?"</span>
            <button
                node_ref=confirm
                type="button"
                class="h-7 rounded-md bg-danger-soft px-2 text-[0.8125rem] font-medium text-danger"
                data-testid="conversation-delete-confirm"
                on:click=move |_| workspace.delete(&id)
            >
                "Delete"
            </button>
            <button
                type="button"
                class="h-7 rounded-md px-2 text-[0.8125rem] text-muted transition-colors hover:text-ink"
                on:click=move |_| mode.set(Mode::Shown)
            >
                "Keep"
            </button>
        </div>
    }
}
