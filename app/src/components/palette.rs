//! The command palette, with the keys that work anywhere.

use leptos::{ev, html, prelude::*};

use crate::language::t;
use crate::reactive::effect;
use crate::{
    components::choice::{Choice, keep_in_sight},
    hooks::{
        use_palette::{Entry, Palette, use_palette},
        use_shortcuts::use_shortcuts,
    },
};

const DIALOG_CLASS: &str = "m-auto w-[calc(100%-2rem)] max-w-[34rem] rounded-2xl border border-line bg-surface p-0 text-ink shadow-md";
const LIST_ID: &str = "palette-entries";

/// The palette, with the keys below it; closed until it is asked for.
#[component]
pub fn CommandPalette() -> impl IntoView {
    let palette = use_palette();
    use_shortcuts(palette);
    keep_in_sight(palette.active, option_id);
    let dialog = NodeRef::<html::Dialog>::new();
    // A dialog of the browser's keeps the focus inside and closes with Escape.
    effect(move || {
        let Some(dialog) = dialog.get() else { return };
        if palette.is_open.get() {
            let _ = dialog.show_modal();
        } else {
            dialog.close();
        }
    });
    // What the field is for, and what can be written in it.
    let purpose = move || {
        if palette.moving.with(Option::is_some) {
            (t().move_to_a_folder(), t().name_of_a_folder_or_new_one())
        } else if palette.again.with(Option::is_some) {
            (t().answer_again_with(), t().answer_again_with())
        } else {
            (t().go_to_or_do(), t().go_to_or_do_anything())
        }
    };
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
            aria-label=t().commands()
            data-testid="palette"
            on:close=move |_| palette.is_open.set(false)
        >
            <input
                type="text"
                class="w-full border-b border-line bg-transparent px-5 py-4 outline-none placeholder:text-faint"
                role="combobox"
                aria-label=move || purpose().0
                aria-expanded="true"
                aria-controls=LIST_ID
                aria-activedescendant=move || option_id(palette.active.get())
                placeholder=move || purpose().1
                autocomplete="off"
                autofocus
                prop:value=move || palette.query.get()
                on:input=move |event| palette.search(&event_target_value(&event))
                on:keydown=on_key
            />
            <ul id=LIST_ID role="listbox" aria-label=t().commands() data-none=t().nothing_found() class="scroller relative max-h-[22rem] overflow-y-auto p-2">
                {move || {
                    let entries = palette.entries.get().into_iter().enumerate();
                    entries.map(|(index, entry)| option(palette, index, entry)).collect_view()
                }}
            </ul>
            // Without anything that moves it is one piece of text, which weighs next to nothing.
            <div class="keys hidden border-t border-line px-5 py-4 text-sm md:block">
                <h2 class="pb-2 font-semibold">{t().keyboard_shortcuts()}</h2>
                <dl>
                    <dt>{t().go_to_or_do_anything()}</dt>
                    <dd><kbd>"Ctrl K"</kbd></dd>
                    <dt>{t().new_conversation()}</dt>
                    <dd><kbd>"Ctrl Shift O"</kbd></dd>
                    <dt>{t().write()}</dt>
                    <dd><kbd>"/"</kbd></dd>
                    <dt>{t().send()}</dt>
                    <dd><kbd>"Enter"</kbd></dd>
                    <dt>{t().new_line()}</dt>
                    <dd><kbd>"Shift Enter"</kbd></dd>
                    <dt>{t().this_list()}</dt>
                    <dd><kbd>"?"</kbd></dd>
                </dl>
            </div>
        </dialog>
    }
}

fn option(palette: Palette, index: usize, entry: Entry) -> AnyView {
    let Entry { label, hint, deed } = entry;
    let choice = Choice { id: option_id(index), label, hint: hint.to_owned(), index };
    choice.view(palette.active, Callback::new(move |()| palette.run(&deed)))
}

fn option_id(index: usize) -> String {
    format!("palette-{index}")
}
