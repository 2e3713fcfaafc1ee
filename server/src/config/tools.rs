//! `builtin_tools`: which tools the assistant comes with.

use std::sync::Arc;

use domovoi_agents::chat::Tool;
use domovoi_tools::FetchPage;
use serde::Deserialize;

/// A tool that the assistant comes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BuiltinTool {
    /// Date and time in a time zone.
    Time,
    /// Arithmetic.
    Calculator,
    /// SQL over a CSV file.
    QueryCsv,
    /// The text of an attached document.
    ExtractText,
    /// A page of the public web as text.
    FetchPage,
    /// Reminders: three tools that schedule, list and cancel them.
    Reminders,
}

impl BuiltinTool {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Time,
        Self::Calculator,
        Self::QueryCsv,
        Self::ExtractText,
        Self::FetchPage,
        Self::Reminders,
    ];

    /// The tool; nothing for reminders, which belong to the conversation that they are made in.
    pub(crate) fn make(self) -> Option<Arc<dyn Tool>> {
        let tool: Arc<dyn Tool> = match self {
            Self::Time => Arc::new(domovoi_tools::time),
            Self::Calculator => Arc::new(domovoi_tools::calculator),
            Self::QueryCsv => Arc::new(domovoi_tools::query_csv),
            Self::ExtractText => Arc::new(domovoi_tools::extract_text),
            Self::FetchPage => Arc::new(FetchPage::new()),
            Self::Reminders => return None,
        };
        Some(tool)
    }
}
