//! The command palette, and the sheet of keys.

use leptos::{ev, html, prelude::*};

use crate::hooks::{
    use_palette::{Entry, Palette, use_palette},
    use_shortcuts::{SHORTCUTS, use_shortcuts},
};

const DIALOG_CLASS: &str = "m-auto w-full max-w-[34rem] rounded-2xl border border-line bg-surface p-0 text-ink shadow-md";
const LIST_ID: &str = "palette-entries";

/// The palette and the keys, closed until they are asked for.
#[component]
pub fn CommandPalette() -> impl IntoView {
    let palette = use_palette();
    use_shortcuts(palette);
    view! {
        <Commands palette />
        <Keys palette />
    }
}

/// A dialog of the browser's follows a signal: it keeps the focus inside and closes with Escape.
fn use_dialog(open: RwSignal<bool>) -> NodeRef<html::Dialog> {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        if open.get() {
            let _ = dialog.show_modal();
        } else {
            dialog.close();
        }
    });
    dialog
}

#[component]
fn Commands(palette: Palette) -> impl IntoView {
    let dialog = use_dialog(palette.is_open);
    let on_key = move |event: ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => palette.step(1),
            "ArrowUp" => palette.step(-1),
            "Enter" if !event.is_composing() => palette.take(),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <dialog
            node_ref=dialog
            class=DIALOG_CLASS
            aria-label="Commands"
            data-testid="palette"
            on:close=move |_| palette.is_open.set(false)
        >
            <input
                type="text"
                class="w-full border-b border-line bg-transparent px-5 py-4 placeholder:text-faint"
                role="combobox"
                aria-label="Go to or do"
                aria-expanded="true"
                aria-controls=LIST_ID
                aria-activedescendant=move || option_id(palette.active.get())
                placeholder="Go to or do anything"
                autocomplete="off"
                autofocus
                prop:value=move || palette.query.get()
                on:input=move |event| palette.search(&event_target_value(&event))
                on:keydown=on_key
            />
            <ul id=LIST_ID role="listbox" aria-label="Commands" class="scroller max-h-[22rem] overflow-y-auto p-2">
                <For
                    each=move || palette.entries.get().into_iter().enumerate()
                    key=|entry| entry.clone()
                    children=move |(index, entry)| option(palette, index, entry)
                />
            </ul>
            <Show when=move || palette.entries.with(Vec::is_empty)>
                <p class="px-5 pb-5 text-sm text-muted">"Nothing fits."</p>
            </Show>
        </dialog>
    }
}

fn option(palette: Palette, index: usize, entry: Entry) -> impl IntoView {
    let Entry { label, hint, deed } = entry;
    let is_active = move || palette.active.get() == index;
    view! {
        <li
            id=option_id(index)
            role="option"
            class="flex cursor-pointer items-center gap-3 rounded-lg px-3 py-2 text-sm"
            class=("bg-hover", is_active)
            aria-selected=move || is_active().to_string()
            on:mousemove=move |_| palette.active.set(index)
            on:click=move |_| palette.run(&deed)
        >
            <span class="min-w-0 flex-1 truncate">{label}</span>
            <span class="shrink-0 text-xs text-muted">{hint}</span>
        </li>
    }
}

fn option_id(index: usize) -> String {
    format!("palette-{index}")
}

#[component]
fn Keys(palette: Palette) -> impl IntoView {
    let dialog = use_dialog(palette.keys);
    view! {
        <dialog
            node_ref=dialog
            class=DIALOG_CLASS
            aria-labelledby="keys-title"
            data-testid="shortcuts"
            on:close=move |_| palette.keys.set(false)
        >
            <h2 id="keys-title" class="px-5 pt-4 font-semibold">"Keyboard shortcuts"</h2>
            <dl class="flex flex-col gap-2 px-5 py-4 text-sm">
                {SHORTCUTS
                    .map(|(key, what)| {
                        view! {
                            <div class="flex items-center gap-3">
                                <dt class="flex-1">{what}</dt>
                                <dd>
                                    <kbd class="rounded-md border border-line bg-sunken px-2 py-1 text-xs">{key}</kbd>
                                </dd>
                            </div>
                        }
                    })}
            </dl>
            <form method="dialog" class="flex justify-end px-5 pb-4">
                <button type="submit" class="rounded-lg border border-line px-3 py-1.5 text-sm hover:bg-hover">
                    "Close"
                </button>
            </form>
        </dialog>
    }
}
