//! Copying text.

use leptos::{
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{HtmlDocument, HtmlElement, HtmlTextAreaElement},
};

/// Copies a text. Browsers have a clipboard for pages on secure origins; elsewhere it is copied
/// the old way, out of a field nobody sees.
pub fn copy_text(text: &str) {
    let navigator = window().navigator();
    let has_clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into())
        .is_ok_and(|clipboard| !clipboard.is_undefined());
    if has_clipboard {
        // A refusal leaves the clipboard as it was.
        let _ = navigator.clipboard().write_text(text);
        return;
    }
    let field = document().create_element("textarea").ok();
    let field = field.and_then(|field| field.dyn_into::<HtmlTextAreaElement>().ok());
    let (Some(field), Some(body)) = (field, document().body()) else { return };
    let before = document().active_element().and_then(|it| it.dyn_into::<HtmlElement>().ok());
    field.set_value(text);
    let _ = body.append_child(&field);
    field.select();
    if let Ok(page) = document().dyn_into::<HtmlDocument>() {
        let _ = page.exec_command("copy");
    }
    field.remove();
    if let Some(before) = before {
        let _ = before.focus();
    }
}
