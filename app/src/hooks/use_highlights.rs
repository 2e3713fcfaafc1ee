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
    known: StoredValue<HashMap<(String, String), Entry>>,
}

#[derive(Clone, Default)]
struct Entry {
    html: ArcRwSignal<Option<String>>,
    asked: bool,
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
    /// The code as HTML, once it is known.
    #[must_use]
    pub fn get(&self, code: &CodeBlock) -> Option<String> {
        if code.language.is_empty() || !code.complete {
            return None;
        }
        self.entry(code, false).html.get()
    }

    /// Asks for the code as HTML, unless that was done before.
    pub fn request(&self, code: &CodeBlock) {
        if code.language.is_empty() || code.code.len() > MAX_BYTES {
            return;
        }
        let entry = self.entry(code, true);
        if entry.asked {
            return;
        }
        let request = HighlightRequest { language: code.language.clone(), code: code.code.clone() };
        spawn_local(async move {
            if let Some(response) = http::highlight(&request).await {
                entry.html.set(Some(response.html));
            }
        });
    }

    /// The entry as it was before; `asks` marks it as asked for.
    fn entry(&self, code: &CodeBlock, asks: bool) -> Entry {
        let key = (code.language.clone(), code.code.clone());
        self.known
            .try_update_value(|known| {
                let entry = known.entry(key).or_default();
                let before = entry.clone();
                entry.asked |= asks;
                before
            })
            .unwrap_or_default()
    }
}
