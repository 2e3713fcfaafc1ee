//! The copy buttons of code blocks. They are part of rendered Markdown, so one listener on the
//! thread serves them all.

use std::time::Duration;

use leptos::{ev, prelude::*, wasm_bindgen::JsCast, web_sys};

use super::clipboard::copy_text;

/// How long a button says that it has copied.
const SHOWN: Duration = Duration::from_millis(1600);

/// Copies the code of the block whose button was clicked.
pub fn copy_clicked_code(event: ev::MouseEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let Some(button) = target.and_then(|target| target.closest("[data-copy]").ok().flatten())
    else {
        return;
    };
    let code = button
        .closest("figure")
        .ok()
        .flatten()
        .and_then(|figure| figure.query_selector("pre").ok().flatten());
    let Some(code) = code else { return };
    copy_text(&code.text_content().unwrap_or_default());
    let _ = button.set_attribute("data-copied", "");
    set_timeout(
        move || {
            let _ = button.remove_attribute("data-copied");
        },
        SHOWN,
    );
}
