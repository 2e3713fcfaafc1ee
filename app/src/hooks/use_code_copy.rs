//! The copy buttons of code blocks. They are part of rendered Markdown, so one listener on the
//! thread serves them all.

use std::time::Duration;

use leptos::{ev, prelude::*, wasm_bindgen::JsCast, web_sys};

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
    copy(&code);
    let _ = button.set_attribute("data-copied", "");
    set_timeout(
        move || {
            let _ = button.remove_attribute("data-copied");
        },
        SHOWN,
    );
}

/// Browsers have a clipboard for pages on secure origins; elsewhere the code is selected and
/// copied the old way.
fn copy(code: &web_sys::Element) {
    let navigator = window().navigator();
    let has_clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into())
        .is_ok_and(|clipboard| !clipboard.is_undefined());
    if has_clipboard {
        // A refusal leaves the clipboard as it was.
        let _ = navigator.clipboard().write_text(&code.text_content().unwrap_or_default());
        return;
    }
    let selection = window().get_selection().ok().flatten();
    let page = document().dyn_into::<web_sys::HtmlDocument>().ok();
    if let (Some(selection), Some(page)) = (selection, page) {
        let _ = selection.select_all_children(code);
        let _ = page.exec_command("copy");
        let _ = selection.remove_all_ranges();
    }
}
