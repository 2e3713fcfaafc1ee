//! The document around a page of accounts.

use leptos::prelude::*;

use crate::{
    language::{Lang, speaking},
    shell::PageAssets,
    theme::Theme,
};

/// How pages of accounts look.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// Stylesheet and icon.
    pub assets: PageAssets,
    /// What the person has chosen, in the cookie of the theme.
    pub theme: Option<Theme>,
    /// The language of whoever asks.
    pub lang: Lang,
}

/// A whole page as HTML.
pub(super) fn document(look: &Look, title: &str, body: impl FnOnce() -> AnyView) -> String {
    let Look { assets, theme, lang } = look.clone();
    let title = format!("{title} \u{b7} Domovoi");
    speaking(lang, || {
        view! {
            <!DOCTYPE html>
            <html lang=lang.name() data-theme=theme.map(Theme::name)>
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    <meta name="color-scheme" content="light dark" />
                    <meta name="robots" content="noindex" />
                    <meta name="referrer" content="same-origin" />
                    <title>{title}</title>
                    <link rel="icon" type="image/svg+xml" href=assets.favicon />
                    <link rel="stylesheet" href=assets.css />
                </head>
                <body class="text-ink">{body()}</body>
            </html>
        }
        .to_html()
        // Marks for a browser that takes the page over, which nothing does here: a title would show them.
        .replace("<!>", "")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_a_title_and_no_more() {
        let page = document(&Look::default(), "Sign in", || ().into_any());
        assert!(page.contains("<title>Sign in \u{b7} Domovoi</title>"), "{page}");
    }
}
