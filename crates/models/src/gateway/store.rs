//! Where log, cache and feedback are kept.

use std::error::Error as StdError;

use super::{
    Allowance, Feedback, FeedbackSubject, Keep, LimitKind, LogEntry, LogFilter, RequestEnd,
    RequestStart, Spent, Subject, Used,
};

/// What a store fails with.
pub type StoreError = Box<dyn StdError + Send + Sync>;

/// Whether a request may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Admission {
    /// It may; this is its id.
    Admitted(i64),
    /// A limit is reached.
    Refused {
        /// Which of the allowances that were given.
        allowance: usize,
        /// What is used up of it.
        kind: LimitKind,
    },
}

/// Where log, cache and feedback are kept. Calls are short: they are made where others wait.
/// All times are Unix times in milliseconds.
pub trait GatewayStore: Send + Sync + 'static {
    /// Writes that a request begins, unless an allowance is used up, which is written too. Looking
    /// and writing are one step: of two requests that come together only one gets the last place.
    ///
    /// # Errors
    /// Where it cannot be written; the request must not go on then.
    fn begin(
        &self,
        start: &RequestStart,
        allowances: &[Allowance],
    ) -> Result<Admission, StoreError>;

    /// Writes how a request ended.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn end(&self, id: i64, end: &RequestEnd) -> Result<(), StoreError>;

    /// Requests, newest first.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn log(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, StoreError>;

    /// What somebody has used from a time on. Cached and refused requests count nothing.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn spent(&self, subject: &Subject, since: i64) -> Result<Spent, StoreError>;

    /// What was used on each day from a time on, by person and model, the days in order: everybody's, or
    /// one person's; nobody is the empty name. Cached and refused requests count nothing.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn used(&self, user: Option<&str>, since: i64) -> Result<Vec<Used>, StoreError>;

    /// Forgets entries, and answers of the cache whose time is over; says how many entries. Those
    /// that limits are counted with stay.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn prune(&self, keep: &Keep, now: i64) -> Result<u64, StoreError>;

    /// Keeps feedback in place of what the same person said before; false where there is no such
    /// answer.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn add_feedback(
        &self,
        subject: &FeedbackSubject,
        feedback: &Feedback,
        now: i64,
    ) -> Result<bool, StoreError>;

    /// The answer in the cache under this key whose time is not over.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn cached(&self, key: &str, now: i64) -> Result<Option<String>, StoreError>;

    /// Keeps an answer until a time.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn put_cached(&self, key: &str, answer: &str, until: i64) -> Result<(), StoreError>;
}
