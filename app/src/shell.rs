//! The HTML document around the application.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

#[cfg(feature = "ssr")]
use crate::language::Lang;
use crate::{address::Section, app::App, language::t, theme::Theme};

/// Absolute addresses of the files a page loads; the server takes them from its manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageAssets {
    /// The program of the page of conversations.
    pub chat: Program,
    /// The program of the pages of agents at work.
    pub work: Program,
    /// The stylesheet.
    pub css: String,
    /// The icon.
    pub favicon: String,
    /// The icon on the home screen of a phone that wants one without transparency.
    pub touch_icon: String,
}

/// Addresses of a program for the browser.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// The script that wasm-bindgen writes.
    pub js: String,
    /// The WebAssembly module.
    pub wasm: String,
}

impl Program {
    /// The script that loads the WebAssembly and takes the page over, and then sees to a page for when
    /// the server cannot be reached.
    fn start_script(&self) -> String {
        format!(
            "import init from {};\
             init({{module_or_path:{}}}).then(()=>{{\
             navigator.serviceWorker?.register('/service-worker.js').catch(console.warn)}});",
            script_string(&self.js),
            script_string(&self.wasm),
        )
    }
}

/// The whole document. Rendered on the server only.
///
/// Where a nonce is in context (`leptos::nonce::provide_nonce`), its scripts carry it.
pub fn shell(assets: PageAssets) -> impl IntoView {
    #[cfg(feature = "ssr")]
    let theme = Theme::of_request();
    #[cfg(not(feature = "ssr"))]
    let theme: Option<Theme> = None;
    #[cfg(feature = "ssr")]
    let section = Section::of_request();
    #[cfg(not(feature = "ssr"))]
    let section = Section::Chat;
    #[cfg(feature = "ssr")]
    provide_context(Lang::of_request());
    let program = if section == Section::Chat { assets.chat } else { assets.work };
    let script = program.start_script();
    view! {
        <!DOCTYPE html>
        <html lang=t().name() data-theme=theme.map(Theme::name)>
            <head>
                <meta charset="utf-8" />
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, interactive-widget=resizes-content"
                />
                <meta name="color-scheme" content="light dark" />
                <meta name="referrer" content="same-origin" />
                <meta
                    name="description"
                    content="Domovoi: stateful AI agents on your own machine"
                />
                <link rel="icon" type="image/svg+xml" href=assets.favicon />
                <link rel="apple-touch-icon" href=assets.touch_icon />
                <link rel="manifest" href="/manifest.webmanifest" />
                <meta name="theme-color" content="#fbf9f6" media="(prefers-color-scheme: light)" />
                <meta name="theme-color" content="#1b1816" media="(prefers-color-scheme: dark)" />
                <link rel="stylesheet" href=assets.css />
                <link rel="modulepreload" href=program.js nonce=use_nonce() />
                <link
                    rel="preload"
                    href=program.wasm
                    r#as="fetch"
                    r#type="application/wasm"
                    crossorigin="anonymous"
                />
                <script type="module" nonce=use_nonce() inner_html=script></script>
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// A string as a JavaScript literal that cannot end the script element it stands in.
fn script_string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::Program;

    #[test]
    fn the_start_script_cannot_be_broken_out_of() {
        let program = Program { js: "/a</script>\".js".to_owned(), ..Program::default() };
        assert!(!program.start_script().contains("</script>"));
        assert!(program.start_script().contains(r#"from "/a\u003c/script>\".js";"#));
    }
}
