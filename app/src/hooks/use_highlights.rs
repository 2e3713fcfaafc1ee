//! Highlighted code, asked from the server once for each block of code.

use std::collections::HashMap;

use leptos::{prelude::*, task::spawn_local};

use super::http;
use crate::{markdown::CodeBlock, types::HighlightRequest};

/// Longer code stays plain.
const MAX_BYTES: usize = 64 * 1024;

/// Highlighted code by language and code.
#[derive(Clone, Copy)]
pub struct Highlights {
    known: StoredValue<HashMap<(String, String), ArcRwSignal<Option<String>>>>,
}

/// Makes the store and gives it to the components below.
pub fn provide_highlights() {
    provide_context(Highlights { known: StoredValue::new(HashMap::new()) });
}

/// The store around the component that asks, or one of its own.
#[must_use]
pub fn use_highlights() -> Highlights {
    use_context().unwrap_or_else(|| Highlights { known: StoredValue::new(HashMap::new()) })
}

impl Highlights {
    /// The place for a block's HTML, and whether it was made just now.
    fn entry(&self, code: &CodeBlock) -> (ArcRwSignal<Option<String>>, bool) {
        let key = (code.language.clone(), code.code.clone());
        if let Some(entry) = self.known.with_value(|known| known.get(&key).cloned()) {
            return (entry, false);
        }
        let entry = ArcRwSignal::new(None);
        self.known.update_value(|known| {
            known.insert(key, entry.clone());
        });
        (entry, true)
    }

    /// The code as HTML, once it is known.
    #[must_use]
    pub fn get(&self, code: &CodeBlock) -> Option<String> {
        if code.language.is_empty() || !code.complete {
            return None;
        }
        self.entry(code).0.get()
    }

    /// Asks for the code as HTML, unless that was done before.
    pub fn request(&self, code: &CodeBlock) {
        if code.language.is_empty() || code.code.len() > MAX_BYTES {
            return;
        }
        let (entry, is_new) = self.entry(code);
        if !is_new {
            return;
        }
        let request = HighlightRequest { language: code.language.clone(), code: code.code.clone() };
        spawn_local(async move {
            if let Some(response) = http::highlight(&request).await {
                entry.set(Some(response.html));
            }
        });
    }
}
