//! What of a conversation a model reads: never more than it can.
//!
//! | file | what is in it |
//! |---|---|
//! | `mod` | [`ContextWindow`]: what there is to choose |
//! | `conversation` | the conversation in pieces that are sent whole or not at all |
//! | `meter` | what a text costs in tokens, and making one shorter |
//! | `fitting` | choosing what is sent at one step |
//! | `turn`, `older` | what is sent of this turn, and of what came before |
//! | `reading` | [`History`]: what of the history is read from disk |
//! | `head` | instructions, facts, summary and notes as one message |
//! | `summarize` | asking the model for a summary of what no longer fits |
//! | `summaries` | summaries on disk, and when they hold |
//! | `facts` | facts that are told in every turn |
//! | `ask` | asking a model, which may refuse what is too long |

mod ask;
mod conversation;
mod facts;
mod fitting;
mod head;
mod meter;
mod older;
mod reading;
mod summaries;
mod summarize;
mod turn;

use std::{fmt, sync::Arc};

use domovoi_models::LanguageModel;

pub(super) use ask::ask;
pub(super) use conversation::Conversation;
pub use facts::PinnedFact;
pub(super) use fitting::Fitting;
pub(super) use reading::Gap;
pub use reading::History;
pub(super) use summaries::{forget_from, trimmed};

use super::AiChatAgent;
use crate::{Context, storage::Database};

/// Most tokens of a tool's result that a model reads, where nothing else is said.
const LONGEST_TOOL_RESULT: u32 = 10_000;

/// How much of a conversation a model reads at each step of an answer.
///
/// The instructions and the pinned facts are always sent, and so is the newest message of the
/// person. Of what came before, the newest messages are sent whole; what no longer fits is replaced
/// by a summary, or by a note that it is not shown. Long results of tools are shortened in the
/// middle, with a note of how much is left out. Where not even the newest message fits, the turn
/// fails with [`ModelError::ContextExceeded`](domovoi_models::ModelError::ContextExceeded).
///
/// [`Context::conversation_window`] makes one that keeps summaries and knows the pinned facts.
#[derive(Clone)]
pub struct ContextWindow {
    max_tokens: Option<u32>,
    answer_tokens: Option<u32>,
    characters_per_token: Option<f32>,
    longest_tool_result: u32,
    summaries: bool,
    facts: Vec<String>,
    database: Option<Arc<Database>>,
}

impl ContextWindow {
    /// A window as large as the model's, without summaries and facts.
    #[must_use]
    pub fn new() -> Self {
        Self {
            max_tokens: None,
            answer_tokens: None,
            characters_per_token: None,
            longest_tool_result: LONGEST_TOOL_RESULT,
            summaries: true,
            facts: Vec::new(),
            database: None,
        }
    }

    /// Limits the tokens of a request and its answer together. Default:
    /// [`LanguageModel::context_window`](domovoi_models::LanguageModel::context_window); where the
    /// model does not tell either, nothing is left out. A larger number than the model tells has
    /// no effect.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// Keeps this many tokens free for the answer; at most half of the window. Default: the
    /// request's limit, and without one a quarter of the window, at most 4096.
    #[must_use]
    pub fn answer_tokens(mut self, tokens: u32) -> Self {
        self.answer_tokens = Some(tokens);
        self
    }

    /// Counts tokens by this many characters each; at least 0.25. Default:
    /// [`LanguageModel::count_tokens`](domovoi_models::LanguageModel::count_tokens).
    #[must_use]
    pub fn characters_per_token(mut self, characters: f32) -> Self {
        self.characters_per_token = Some(characters.max(0.25));
        self
    }

    /// Shortens results of tools to this many tokens; at least 50. Default: 10,000, and never more
    /// than a quarter of the window.
    #[must_use]
    pub fn longest_tool_result(mut self, tokens: u32) -> Self {
        self.longest_tool_result = tokens;
        self
    }

    /// Whether the model summarises what no longer fits. Default: it does, in a window that
    /// [`Context::conversation_window`] made; any other has no place to keep summaries.
    #[must_use]
    pub fn summaries(mut self, summaries: bool) -> Self {
        self.summaries = summaries;
        self
    }

    /// Tells the model a fact, beside those that are pinned.
    #[must_use]
    pub fn fact(mut self, fact: impl Into<String>) -> Self {
        self.facts.push(fact.into());
        self
    }

    /// Most tokens of a request and its answer together; nothing where nobody knows.
    fn tokens(&self, model: &dyn LanguageModel) -> Option<usize> {
        let known = [self.max_tokens, model.context_window()];
        known.into_iter().flatten().min().map(|tokens| tokens as usize)
    }
}

impl Default for ContextWindow {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ContextWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextWindow")
            .field("max_tokens", &self.max_tokens)
            .field("answer_tokens", &self.answer_tokens)
            .field("longest_tool_result", &self.longest_tool_result)
            .finish_non_exhaustive()
    }
}

impl<A: AiChatAgent> Context<A> {
    /// A window on this conversation for
    /// [`StreamText::context`](super::StreamText::context): the pinned facts are in it, and what
    /// no longer fits is summarised by the model. Summaries are kept, and hold until a message they
    /// cover is edited or deleted by a person.
    #[must_use]
    pub fn conversation_window(&self) -> ContextWindow {
        ContextWindow { database: Some(Arc::clone(self.database())), ..ContextWindow::new() }
    }
}
