//! Errors of the runtime and of handlers.

use std::{error::Error as StdError, fmt, path::PathBuf};

/// What the runtime itself can fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// No agent of this type is registered.
    #[error("unknown agent `{0}`")]
    UnknownAgent(String),
    /// The instance's name breaks the rules: 1 to 255 bytes, no control characters.
    #[error("an instance name has 1 to 255 bytes and no control characters")]
    InvalidName,
    /// Two agents would have the same address.
    #[error("two agents are named `{0}`")]
    DuplicateAgent(String),
    /// The data folder cannot be created or written.
    #[error("the data folder {path} cannot be used: {source}")]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process owns the data folder.
    #[error("the data folder {0} is in use by another process")]
    DataDirInUse(PathBuf),
    /// The instance's database failed.
    #[error("database error: {0}")]
    Database(#[from] rusqlite::Error),
    /// The instance's database could not be brought to this version's tables.
    #[error("the database could not be migrated: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// A value could not be written as JSON or read from it.
    #[error("cannot convert a value: {0}")]
    Json(#[from] serde_json::Error),
    /// A row of a query is not what it is read into.
    #[error("a row does not fit its type: {0}")]
    Row(String),
    /// The stored state is not what the agent's state type expects; it was left as it is.
    #[error("the stored state does not fit the agent's state type: {0}")]
    StateShape(#[source] serde_json::Error),
    /// The state is larger than the limit.
    #[error("the state has {bytes} bytes, more than the limit of {limit}")]
    StateTooLarge {
        /// Size of the state as JSON.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The agent's validation refused the state.
    #[error("the state was rejected: {0}")]
    StateRejected(String),
    /// The instance has as many connections as it may have.
    #[error("this agent has {0} connections already, which is its limit")]
    TooManyConnections(usize),
    /// The instance ended before it answered: it was destroyed, failed to start, or the runtime is
    /// shutting down.
    #[error("the agent instance is gone")]
    Gone,
    /// The handler panicked; the instance goes on.
    #[error("the handler panicked")]
    Panicked,
    /// The handler failed.
    #[error("{0}")]
    Handler(HandlerError),
}

/// An error of a handler: any error, as with `anyhow`, so `?` just works.
///
/// Work that is delivered at least once (a schedule, a queued task) is tried again after an error
/// unless it is marked with [`HandlerError::terminal`].
pub struct HandlerError {
    source: Box<dyn StdError + Send + Sync>,
    terminal: bool,
}

impl HandlerError {
    /// An error with this text.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { source: message.into().into(), terminal: false }
    }

    /// Marks the error as one that trying again cannot mend.
    #[must_use]
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Whether trying again cannot mend it.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The error as one of type `E`, where it is one.
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.source.downcast_ref()
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self { source: error.into(), terminal: false }
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

/// The result of a handler.
pub type Result<T, E = HandlerError> = std::result::Result<T, E>;
