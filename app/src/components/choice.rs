//! One thing of a list that is gone through with arrows while the focus stays in a field.

use leptos::{prelude::*, wasm_bindgen::JsCast, web_sys::HtmlElement};

use crate::reactive::effect;

/// Keeps the active one in sight, in a list that is what its rows are placed by.
pub(super) fn keep_in_sight(active: RwSignal<usize>, id_of: fn(usize) -> String) {
    effect(move || {
        let id = id_of(active.get());
        // Once it is drawn.
        request_animation_frame(move || {
            let Some(row) = document().get_element_by_id(&id) else { return };
            let Some(list) = row.parent_element() else { return };
            let row: HtmlElement = row.unchecked_into();
            let end = row.offset_top() + row.offset_height() - list.client_height();
            list.set_scroll_top(list.scroll_top().max(end).min(row.offset_top()));
        });
    });
}

/// What can be chosen.
pub(super) struct Choice {
    /// What the field names it by while it is the active one.
    pub(super) id: String,
    pub(super) label: String,
    /// What it is, smaller.
    pub(super) hint: String,
    /// Its place in the list.
    pub(super) index: usize,
}

impl Choice {
    /// Draws it. `active` is the place of the one that Enter takes.
    pub(super) fn view(self, active: RwSignal<usize>, choose: Callback<()>) -> AnyView {
        let Self { id, label, hint, index } = self;
        view! {
            <li
                id=id
                role="option"
                class="flex cursor-pointer items-center gap-3 rounded-lg px-3 py-2 text-sm aria-selected:bg-hover"
                aria-selected=move || (active.get() == index).to_string()
                on:mousemove=move |_| active.set(index)
                // The field keeps the focus.
                on:mousedown=move |event| event.prevent_default()
                on:click=move |_| choose.run(())
            >
                <span class="min-w-[60%] flex-1 truncate">{label}</span>
                <span class="truncate text-xs text-muted">{hint}</span>
            </li>
        }
        .into_any()
    }
}
