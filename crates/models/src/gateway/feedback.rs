//! What people think of an answer.

use serde::{Deserialize, Serialize};

/// What a person thinks of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Feedback {
    /// Thumbs up or down.
    pub rating: Rating,
    /// What else there is to say.
    pub comment: Option<String>,
    /// Who says it.
    pub user: Option<String>,
}

/// Thumbs up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// A good answer.
    Up,
    /// A bad one.
    Down,
}

/// Which answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeedbackSubject {
    /// That of a request in the log.
    Request(i64),
    /// That of a message, with all requests it took.
    Message(String),
}

impl Feedback {
    /// A rating without words.
    #[must_use]
    pub fn new(rating: Rating) -> Self {
        Self { rating, comment: None, user: None }
    }

    /// Adds words.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Says who says it.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }
}
