//! Tools that many assistants need.
//!
//! A model calls them; what they answer with, errors as well, is written for it to read. Each is
//! bounded in time, memory and the length of its answer, since a model may be asked by a stranger
//! to call them with anything. How large a PDF becomes is counted before it is unpacked; all the same
//! PDFs are read where a person has attached them and not from the web.
//!
//! | module | what is in it |
//! |---|---|
//! | `clock` | [`time`]: date and time in a time zone |
//! | `arithmetic` | [`calculator`]: arithmetic |
//! | `csv_query`, `csv_table` | [`query_csv`]: SQL over a table of values |
//! | `text_extraction` | [`extract_text`]: the text of a document |
//! | `fetch_page`, `page_client`, `address` | [`FetchPage`]: a page of the public web as text |
//! | `reminders` | [`reminders`]: the agent speaks up later |
//! | `attachments` | files of the conversation, by name |
//! | `document`, `html`, `text_encoding` | bytes as text a model can read |
//!
//! ```
//! use domovoi_agents::chat::Tool;
//!
//! let names: Vec<_> =
//!     domovoi_tools::builtin().iter().map(|tool| tool.definition().name).collect();
//! assert!(names.iter().any(|name| name == "calculator"));
//! ```

mod address;
mod arithmetic;
mod attachments;
mod clock;
mod csv_query;
mod csv_table;
mod document;
mod fetch_page;
mod html;
mod page_client;
mod pdf;
mod reminders;
mod text_encoding;
mod text_extraction;

use std::sync::Arc;

use domovoi_agents::chat::Tool;

pub use arithmetic::calculator;
pub use clock::time;
pub use csv_query::query_csv;
pub use fetch_page::FetchPage;
pub use reminders::{MAX_REMINDERS, reminders};
pub use text_extraction::extract_text;

/// The tools that need no agent: all but [`reminders`].
#[must_use]
pub fn builtin() -> Vec<Arc<dyn Tool>> {
    vec![
        Arc::new(time),
        Arc::new(calculator),
        Arc::new(query_csv),
        Arc::new(extract_text),
        Arc::new(FetchPage::new()),
    ]
}
