//! Domovoi's web page: rendered on the server with all its data, taken over in the browser,
//! and from then on kept in step with the agents over WebSockets.
//!
//! It speaks to agents the way any other client does, through `domovoi-client`, and knows
//! nothing of how they are run. The server gives it data to render through [`PageData`].
//!
//! | module | what is in it |
//! |---|---|
//! | [`app`] | [`App`]: which address shows which page |
//! | [`shell`](mod@shell) | [`shell()`]: the HTML document; [`PageAssets`]: the files it loads |
//! | [`data`] | [`PageData`]: what the server tells a page while rendering it |
//! | [`types`] | states and answers shared with the server |
//! | [`pages`] | the pages, and which of the browser's two programs draws which |
//! | [`components`] | markup, one component with its parts per file |
//! | [`hooks`] | behaviour: [`use_agent`](hooks::use_agent), [`use_agent_chat`](hooks::use_agent_chat) and what the page needs besides |
//! | `account` | signing in and accounts: pages of plain HTML, on the server alone |
//! | [`markdown`] | a model's Markdown to safe HTML, block by block |
//! | [`sources`] | what an answer rests on, and the links to it in the text |
//! | [`groups`] | the list of conversations in groups |
//! | [`language`] | English or German, and every text of the page in both |
//! | [`address`], [`theme`], [`units`], `words`, `details` | addresses of pages; light and dark; numbers, tools, values and what an answer took in words |
//!
//! Features: `ssr` for the server, `hydrate` for the browser; never both in one build.
//!
//! ```
//! use domovoi_app::markdown::Document;
//!
//! let document = Document::new("A *word*.\n\n<script>alert(1)</script>");
//! let html: Vec<_> = document.blocks().iter().map(|block| block.html(|_| None)).collect();
//! assert_eq!(html[0], "<p>A <em>word</em>.</p>\n");
//! assert!(html[1].contains("&lt;script&gt;"));
//! ```

#[cfg(feature = "ssr")]
pub mod account;
pub mod address;
pub mod app;
pub mod components;
pub mod data;
mod details;
pub mod groups;
pub mod hooks;
pub mod language;
pub mod markdown;
pub mod pages;
mod reactive;
pub mod shell;
pub mod sources;
pub mod theme;
pub mod types;
pub mod units;
mod words;

pub use app::App;
pub use data::{FIRST_MESSAGES, PageData, PageState};
pub use shell::{PageAssets, Program, shell};
