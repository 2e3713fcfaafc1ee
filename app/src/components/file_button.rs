//! A button that chooses files.

use leptos::{html, prelude::*, wasm_bindgen::JsValue};

use super::{
    header::QUIET_BUTTON_CLASS,
    icon::{Glyph, Icon},
};
use crate::hooks::use_attachments::files_of;

/// A button, and the field of the browser's that it opens; `test` names both for tests.
pub(super) fn file_button(
    test: &'static str,
    glyph: Glyph,
    label: &'static str,
    accept: &'static str,
    multiple: bool,
    take: Callback<Vec<JsValue>>,
) -> AnyView {
    let field = NodeRef::<html::Input>::new();
    view! {
        <input
            node_ref=field
            type="file"
            multiple=multiple
            class="hidden"
            tabindex="-1"
            aria-hidden="true"
            accept=accept
            data-testid=format!("{test}-input")
            on:change=move |_| {
                if let Some(field) = field.get() {
                    take.run(files_of(&field));
                    // The same file may be chosen again.
                    field.set_value("");
                }
            }
        />
        <button
            type="button"
            class=QUIET_BUTTON_CLASS
            data-testid=test
            aria-label=label
            title=label
            on:click=move |_| {
                if let Some(field) = field.get() {
                    field.click();
                }
            }
        >
            <Icon glyph />
        </button>
    }
    .into_any()
}
