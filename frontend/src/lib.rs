//! The WebAssembly entry point: takes the rendered page over.
//!
//! The page's script (see `domovoi_app::shell()`) loads this module and calls [`hydrate`].

use domovoi_app::App;
use wasm_bindgen::prelude::wasm_bindgen;

/// Takes the page over. Afterwards the document's element has `data-hydrated`: from then on
/// everything on the page works.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(App);
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    if let Some(root) = root {
        // The attribute is for tests and styles; the page works without it.
        let _ = root.set_attribute("data-hydrated", "");
    }
}
