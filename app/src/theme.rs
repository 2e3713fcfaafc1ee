//! Light or dark: what the system prefers, until a person chooses; the choice is a cookie, so
//! that the server renders it and no page flashes.

use leptos::prelude::*;

/// Name of the cookie that keeps the choice.
pub const THEME_COOKIE: &str = "theme";

/// Seconds the choice is kept: a year.
const MAX_AGE: u32 = 31_536_000;

/// A colour theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The theme's name, in the cookie and in `data-theme`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The choice in a `Cookie` header.
    #[must_use]
    pub fn from_cookies(header: &str) -> Option<Self> {
        header.split(';').filter_map(|pair| pair.trim().split_once('=')).find_map(
            |(name, value)| match (name, value) {
                (THEME_COOKIE, "light") => Some(Self::Light),
                (THEME_COOKIE, "dark") => Some(Self::Dark),
                _ => None,
            },
        )
    }

    /// The choice in the request that is being answered.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn of_request() -> Option<Self> {
        let parts = use_context::<http::request::Parts>()?;
        let cookies = parts.headers.get_all(http::header::COOKIE);
        cookies.iter().filter_map(|value| value.to_str().ok()).find_map(Self::from_cookies)
    }

    /// What the page shows now, in the browser.
    fn shown() -> Self {
        let chosen =
            document().document_element().and_then(|root| root.get_attribute("data-theme"));
        let dark = match chosen.as_deref() {
            Some(name @ ("light" | "dark")) => name == Self::Dark.name(),
            _ => window()
                .match_media("(prefers-color-scheme: dark)")
                .ok()
                .flatten()
                .is_some_and(|query| query.matches()),
        };
        if dark { Self::Dark } else { Self::Light }
    }

    /// Changes to the other theme and remembers it.
    pub fn toggle() {
        Self::choose(Some(match Self::shown() {
            Self::Light => Self::Dark,
            Self::Dark => Self::Light,
        }));
    }

    /// Changes to a theme and remembers it; nothing is what the system prefers, from now on again.
    pub fn choose(theme: Option<Self>) {
        let Some(root) = document().document_element() else { return };
        let name = theme.map_or("", Self::name);
        // Where the browser refuses cookies the choice holds for this page alone.
        let _ = root.set_attribute("data-theme", name);
        remember(THEME_COOKIE, name);
    }
}

/// Keeps a choice in a cookie, for the server to render.
pub(crate) fn remember(name: &str, choice: &str) {
    let cookie = format!("{name}={choice}; path=/; max-age={MAX_AGE}; samesite=lax");
    let _ = js_sys::Reflect::set(&document(), &"cookie".into(), &cookie.into());
}

#[cfg(test)]
mod tests {
    use super::Theme;

    #[test]
    fn the_choice_is_found_among_other_cookies() {
        assert_eq!(Theme::from_cookies("a=b; theme=dark;c=d"), Some(Theme::Dark));
        assert_eq!(Theme::from_cookies("theme=light"), Some(Theme::Light));
        assert_eq!(Theme::from_cookies("theme=pink; mytheme=dark"), None);
        assert_eq!(Theme::from_cookies("theme="), None);
        assert_eq!(Theme::from_cookies(""), None);
    }
}
