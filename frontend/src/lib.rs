//! The WebAssembly entry points: they take the rendered page over.
//!
//! There are two programs (`src/bin`), so that the page of a conversation need not wait for what only
//! the pages of agents at work have. The page's script loads its own, which runs [`hydrate`].

use domovoi_app::{App, pages::Pages};
use leptos::prelude::*;

/// Takes the page over. Afterwards the document's element has `data-hydrated`: from then on
/// everything on the page works.
pub fn hydrate(pages: Pages) {
    leptos::mount::hydrate_body(move || {
        provide_context(pages);
        view! { <App /> }
    });
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    if let Some(root) = root {
        // The attribute is for tests and styles; the page works without it.
        let _ = root.set_attribute("data-hydrated", "");
    }
}
