//! One conversation in the list: open it, rename it in place, and what else can be done with it.

use leptos::{
    ev, html,
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
};

use crate::language::t;
use crate::reactive::{effect, memo};
use crate::{
    address::path_of,
    components::icon::{Glyph, Icon},
    hooks::{
        use_conversations::Conversations,
        use_palette::{Palette, use_palette},
        use_workspace::use_workspace,
    },
    types::{ASSISTANT_AGENT, Conversation},
};

/// A small button in a row.
pub(super) const SMALL_BUTTON_CLASS: &str = "inline-flex h-7 w-7 shrink-0 items-center justify-center rounded-md text-xs text-muted transition-colors hover:bg-sunken hover:text-ink";

/// One of many, below each other.
const MENU_BUTTON_CLASS: &str = "flex h-8 items-center gap-2.5 rounded-md px-2 text-left text-muted transition-colors hover:bg-hover hover:text-ink";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Shown,
    /// Shown again, and the button of the menu takes the focus: with the keyboard one goes on there.
    Back,
    Renaming,
}

/// One conversation in the list.
#[component]
pub fn ConversationItem(
    /// The conversation's id.
    id: String,
    /// Whether it is shown in a folder.
    inside: bool,
) -> impl IntoView {
    let workspace = use_workspace();
    let mode = RwSignal::new(Mode::Shown);
    let conversation = workspace.conversations.find(id.clone());
    let title = memo(move || {
        conversation.with(|it| it.as_ref().map(|it| it.title.clone()).unwrap_or_default())
    });
    let id = StoredValue::new(id);
    let is_open = memo(move || {
        workspace.open_id.with(|open| open.as_deref() == Some(id.read_value().as_str()))
    });
    view! {
        <li
            class=move || {
                match (is_open.get(), inside) {
                    (true, false) => "row relative flex min-h-9 shrink-0 items-center rounded-lg bg-hover text-sm",
                    (true, true) => "row relative ml-4 flex min-h-9 shrink-0 items-center rounded-lg bg-hover text-sm",
                    (false, false) => "row relative flex min-h-9 shrink-0 items-center rounded-lg text-sm transition-colors hover:bg-hover",
                    (false, true) => "row relative ml-4 flex min-h-9 shrink-0 items-center rounded-lg text-sm transition-colors hover:bg-hover",
                }
            }
            data-testid="conversation-item"
            data-id=id.get_value()
        >
            {move || match mode.get() {
                Mode::Shown | Mode::Back => view! { <Title id=id.get_value() conversation title mode /> }.into_any(),
                Mode::Renaming => view! { <Rename id=id.get_value() title mode /> }.into_any(),
            }}
        </li>
    }
}

#[component]
fn Title(
    id: String,
    conversation: Memo<Option<Conversation>>,
    title: Memo<String>,
    mode: RwSignal<Mode>,
) -> impl IntoView {
    let workspace = use_workspace();
    let button = NodeRef::<html::Button>::new();
    // Where the menu is open: how far below the top of the window.
    let menu = RwSignal::new(None::<f64>);
    effect(move || {
        if let (Mode::Back, Some(button)) = (mode.get_untracked(), button.get()) {
            let _ = button.focus();
        }
    });
    let path = path_of(&id);
    let id = StoredValue::new(id);
    view! {
        <a
            href=path
            class="flex min-h-9 min-w-0 flex-1 items-center rounded-lg px-2"
            title=move || title.get()
            on:click=move |_| workspace.drawer.set(false)
        >
            <span class="truncate">{title}</span>
        </a>
        <span class="row-actions flex items-center pr-1">
            <button
                node_ref=button
                type="button"
                class=SMALL_BUTTON_CLASS
                data-testid="conversation-menu"
                aria-label=move || t().what_to_do_with(title.get())
                aria-haspopup="dialog"
                title=t().more()
                on:click=move |_| {
                    menu.set(Some(button.get().and_then(|it| top_of(&it)).unwrap_or_default()));
                }
            >
                <Icon glyph=Glyph::More class="h-4 w-4" />
            </button>
        </span>
        {move || {
            let top = menu.get()?;
            let (pinned, archived) = conversation
                .with_untracked(|it| it.as_ref().map(|it| (it.pinned, it.archived)))
                .unwrap_or_default();
            Some(view! { <Menu id=id.get_value() title pinned archived mode menu top /> }.into_any())
        }}
    }
}

/// How far an element is below the top of the window.
fn top_of(element: &JsValue) -> Option<f64> {
    let measure = js_sys::Reflect::get(element, &"getBoundingClientRect".into()).ok()?;
    let place = measure.dyn_into::<js_sys::Function>().ok()?.call0(element).ok()?;
    js_sys::Reflect::get(&place, &"top".into()).ok()?.as_f64()
}

/// What can be done: beside the button, or at the foot of a phone. A dialog of the browser's stands above
/// everything, keeps the focus, closes with Escape and gives the focus back.
#[component]
fn Menu(
    id: String,
    title: Memo<String>,
    pinned: bool,
    archived: bool,
    mode: RwSignal<Mode>,
    menu: RwSignal<Option<f64>>,
    top: f64,
) -> impl IntoView {
    let workspace = use_workspace();
    let (conversations, palette) = (workspace.conversations, use_palette());
    let id = StoredValue::new(id);
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let button = move |glyph: Glyph, name: &'static str, test: &'static str, deed: fn(Deed)| {
        let act = move |_| {
            close();
            deed(Deed { conversations, palette, id: id.get_value(), pinned, archived, mode });
        };
        view! {
            <button type="button" class=MENU_BUTTON_CLASS data-testid=test on:click=act>
                {icon(glyph)}
                {name}
            </button>
        }
        .into_any()
    };
    let link = move |href: String, download: bool, glyph: Glyph, name: &'static str| {
        view! {
            <a
                href=href
                download=download
                rel="external"
                class=MENU_BUTTON_CLASS
                on:click=move |_| close()
            >
                {icon(glyph)}
                {name}
            </a>
        }
        .into_any()
    };
    let save = move |ending: &str, name: &'static str| {
        let file = format!("/agents/{ASSISTANT_AGENT}/{}/export.{ending}", id.get_value());
        link(file, true, Glyph::ArrowDown, name)
    };
    let share = format!("/share/new?conversation={}", id.get_value());
    view! {
        <dialog
            node_ref=dialog
            class="menu rounded-xl border border-line bg-surface p-0 text-sm text-ink shadow-md"
            style:--top=format!("{top}px")
            aria-label=t().what_to_do_with_it()
            on:close=move |_| {
                menu.try_set(None);
            }
            // What is in it covers it: the rest of its area is outside.
            on:click=move |event| {
                if event.target() == event.current_target() {
                    close();
                }
            }
            on:keydown=move |event: ev::KeyboardEvent| {
                if event.key() == "Escape" {
                    // It closes the menu alone, and not the drawer around it.
                    event.stop_propagation();
                }
            }
        >
            <div class="flex flex-col p-1">
                <div class="flex items-center pl-2">
                    <span class="min-w-0 flex-1 truncate font-medium">{title}</span>
                    <button
                        type="button"
                        class=SMALL_BUTTON_CLASS
                        aria-label=t().back()
                        title=t().back()
                        on:click=move |_| close()
                    >
                        {icon(Glyph::Close)}
                    </button>
                </div>
                {button(Glyph::Pin, if pinned { t().unpin() } else { t().pin() }, "conversation-pin", |it| {
                    it.conversations.pin(&it.id, !it.pinned);
                })}
                {button(Glyph::Pencil, t().rename(), "conversation-rename", |it| it.mode.set(Mode::Renaming))}
                {button(Glyph::Folder, t().move_to_a_folder(), "conversation-move", |it| it.palette.open_moves(it.id))}
                {button(
                    Glyph::Archive,
                    if archived { t().take_out_of_the_archive() } else { t().archive() },
                    "conversation-archive",
                    |it| it.conversations.archive(&it.id, !it.archived),
                )}
                {link(share, false, Glyph::Link, t().share())}
                {save("md", t().save_as_markdown())}
                {save("json", t().save_as_json())}
                {button(Glyph::Trash, t().delete(), "conversation-delete", |it| it.conversations.remove(&it.id))}
            </div>
        </dialog>
    }
}

fn icon(glyph: Glyph) -> AnyView {
    view! { <Icon glyph class="h-4 w-4 shrink-0" /> }.into_any()
}

/// What an action of the menu works with.
struct Deed {
    conversations: Conversations,
    palette: Palette,
    id: String,
    pinned: bool,
    archived: bool,
    mode: RwSignal<Mode>,
}

#[component]
fn Rename(id: String, title: Memo<String>, mode: RwSignal<Mode>) -> impl IntoView {
    let conversations = use_workspace().conversations;
    let input = NodeRef::<html::Input>::new();
    let before = title.get_untracked();
    let old = before.clone();
    let save = move |then: Mode| {
        // Leaving the field after Escape or Enter must not save a second time.
        if mode.get_untracked() != Mode::Renaming {
            return;
        }
        mode.set(then);
        let new = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        let new = new.trim();
        if !new.is_empty() && new != old {
            conversations.rename(&id, new);
        }
    };
    let on_leave = save.clone();
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.is_composing() => {
            // The button that has the focus next would take the key as a click.
            event.prevent_default();
            save(Mode::Back);
        }
        "Escape" => {
            event.stop_propagation();
            mode.set(Mode::Back);
        }
        _ => {}
    };
    effect(move || {
        if let Some(input) = input.get() {
            let _ = input.focus();
            input.select();
        }
    });
    view! {
        <input
            node_ref=input
            class="h-9 w-full min-w-0 rounded-lg border border-line bg-surface px-2 text-sm"
            data-testid="conversation-rename-input"
            aria-label=t().title_of_the_conversation()
            maxlength="200"
            value=before
            on:keydown=on_key
            on:blur=move |_| on_leave(Mode::Shown)
        />
    }
}
