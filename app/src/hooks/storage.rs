//! What the browser keeps for this site: `localStorage`, which a person may have switched off.

use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, JsValue},
};

/// What is kept under a key.
pub(super) fn read(key: &str) -> Option<String> {
    call("getItem", &[key.into()])?.as_string()
}

/// Keeps something under a key; an empty text is not kept. Whether the browser has done it.
pub(super) fn write(key: &str, value: &str) -> bool {
    if value.is_empty() {
        remove(key);
        return true;
    }
    call("setItem", &[key.into(), value.into()]).is_some()
}

/// Keeps nothing under a key any more.
pub(super) fn remove(key: &str) {
    call("removeItem", &[key.into()]);
}

/// Nothing where the browser refuses: the storage is off, or full.
fn call(method: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let storage = js_sys::Reflect::get(&window(), &"localStorage".into()).ok()?;
    let method = js_sys::Reflect::get(&storage, &method.into()).ok()?;
    let method = method.dyn_into::<js_sys::Function>().ok()?;
    method.apply(&storage, &arguments.iter().collect::<js_sys::Array>()).ok()
}
