//! The languages of the page. The server decides: what the person has chosen, else what the browser asks
//! for, else English. The browser reads it from the document, so that both draw the same.
//!
//! The texts are in `locales`, one file for each language. Each is a function of [`Lang`]; the program for
//! the browser has those it uses, and nothing to look them up with.

use leptos::prelude::*;
use rosetta_i18n::{Language, LanguageId};
use serde_json::Value;

use crate::theme::remember;

#[allow(
    missing_docs,
    elided_lifetimes_in_paths,
    reason = "made of the texts, which say what they are"
)]
mod texts {
    rosetta_i18n::include_translations!();
}

pub use texts::Lang;

/// Name of the cookie that keeps the choice.
pub const LANGUAGE_COOKIE: &str = "language";

/// The page's language: `t().today()` is `Today` or `Heute`.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn t() -> Lang {
    use_context().unwrap_or_default()
}

/// The page's language: `t().today()` is `Today` or `Heute`.
#[cfg(target_arch = "wasm32")]
#[must_use]
pub fn t() -> Lang {
    use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
    static SHOWN: AtomicU8 = AtomicU8::new(0);
    match SHOWN.load(Relaxed) {
        1 => Lang::En,
        2 => Lang::De,
        _ => {
            let named = document().document_element().and_then(|root| root.get_attribute("lang"));
            let lang = named.and_then(|name| Lang::named(&name)).unwrap_or_default();
            SHOWN.store(if lang == Lang::De { 2 } else { 1 }, Relaxed);
            lang
        }
    }
}

/// Does something in a language: [`t`] is that one meanwhile. For what is written outside of a page of
/// Leptos.
#[cfg(feature = "ssr")]
pub fn speaking<T>(lang: Lang, work: impl FnOnce() -> T) -> T {
    Owner::new().with(|| {
        provide_context(lang);
        work()
    })
}

impl Default for Lang {
    fn default() -> Self {
        Self::fallback()
    }
}

impl Lang {
    /// Its name in a document and in the cookie.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// The language of a tag such as `de-AT`.
    fn named(tag: &str) -> Option<Self> {
        let language = tag.split('-').next().unwrap_or_default().trim().to_ascii_lowercase();
        Self::from_language_id(&LanguageId::new(language))
    }

    /// What to write to whoever sends these headers: `Cookie` and `Accept-Language`.
    #[must_use]
    pub fn of_headers(cookies: &str, accepted: &str) -> Self {
        let chosen = cookies
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| Self::named(value).filter(|_| name == LANGUAGE_COOKIE));
        chosen.or_else(|| Self::accepted(accepted)).unwrap_or_default()
    }

    /// The one that is wished for most, and of equals the first.
    fn accepted(header: &str) -> Option<Self> {
        let mut best = (0.0, None);
        for wish in header.split(',') {
            let (tag, weight) = wish.split_once(';').unwrap_or((wish, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
            let (Some(lang), Ok(weight)) = (Self::named(tag), weight) else { continue };
            if weight > best.0 {
                best = (weight, Some(lang));
            }
        }
        best.1
    }

    /// The language of the request that is being answered.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn of_request() -> Self {
        let Some(parts) = use_context::<http::request::Parts>() else { return Self::default() };
        Self::of(&parts.headers)
    }

    /// What to write to whoever sends these headers.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn of(headers: &http::HeaderMap) -> Self {
        let all = |name, between| {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            values.collect::<Vec<_>>().join(between)
        };
        Self::of_headers(&all(http::header::COOKIE, ";"), &all(http::header::ACCEPT_LANGUAGE, ","))
    }

    /// What an error says in this language: one of the server's `words`, else the English `text`.
    #[must_use]
    pub fn said(self, text: &str, words: &Value) -> String {
        words[self.name()].as_str().unwrap_or(text).to_owned()
    }

    /// Shows the page in the other language, and all pages from now on.
    pub fn switch(self) {
        let other = match self {
            Self::En => Self::De,
            Self::De => Self::En,
        };
        remember(LANGUAGE_COOKIE, other.name());
        // The server has all of the page; what is being written is kept as a draft.
        let _ = window().location().reload();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Lang;

    fn texts(file: &str) -> BTreeMap<String, String> {
        serde_json::from_str(file).expect("texts by their names")
    }

    /// Pieces in braces, in the order of their names.
    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<_> =
            text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn both_languages_have_every_text_with_the_same_places() {
        let english = texts(include_str!("../locales/en.json"));
        let german = texts(include_str!("../locales/de.json"));
        assert!(english.keys().eq(german.keys()));
        for (name, text) in &english {
            assert_eq!(places(text), places(&german[name]), "{name}");
            assert!(!text.is_empty() && !german[name].is_empty(), "{name}");
        }
    }

    #[test]
    fn the_choice_comes_before_what_the_browser_asks_for() {
        assert_eq!(Lang::of_headers("", ""), Lang::En);
        assert_eq!(Lang::of_headers("", "fr, de-AT;q=0.8, en;q=0.5"), Lang::De);
        assert_eq!(Lang::of_headers("", "en;q=0.5,DE;q=0.4,de;q=x"), Lang::En);
        assert_eq!(Lang::of_headers("", "de;q=0, fr"), Lang::En);
        assert_eq!(Lang::of_headers("theme=de; language=en", "de"), Lang::En);
        assert_eq!(Lang::of_headers("language=de", "en"), Lang::De);
        assert_eq!(Lang::of_headers("language=xx", "de"), Lang::De);
    }
}
