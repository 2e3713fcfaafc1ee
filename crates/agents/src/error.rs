//! Errors of the runtime and of handlers.

use std::{error::Error as StdError, fmt, path::PathBuf};

use domovoi_models::ModelError;
use rusqlite::ffi;

/// What the runtime itself can fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// No agent of this type is registered.
    #[error("unknown agent `{0}`")]
    UnknownAgent(String),
    /// There is no model of this name.
    #[error("no model is configured as `{route}`; known: {known}")]
    UnknownModel {
        /// The route's name.
        route: String,
        /// Names there are.
        known: String,
    },
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
    /// The index of all instances in the data folder cannot be used, nor made anew.
    #[error("the index {path} cannot be used: {source}")]
    Index {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<AgentError>,
    },
    /// Another process runs the instance.
    #[error("another process runs `{0}`")]
    NotOwner(String),
    /// The instance's database failed.
    #[error("database error: {0}")]
    Database(#[source] rusqlite::Error),
    /// The database has reached its limit, or the disk is full; nothing of the write was kept.
    #[error("the database is full: it has reached its limit, or the disk has")]
    DatabaseFull(#[source] rusqlite::Error),
    /// The file is no database, or damaged. It is left as it is, for repair.
    #[error("the database is damaged and was left as it is: {0}")]
    DatabaseDamaged(#[source] rusqlite::Error),
    /// The disk has failed, and what was written may not survive a loss of power.
    #[error("the disk has failed to keep what was written")]
    NotDurable,
    /// The instance's database has tables that this version does not know; it was left as it is.
    #[error("the database was written by a newer version: it has {0}")]
    NewerTables(String),
    /// The index could not be brought to this version's tables.
    #[error("the database could not be migrated: {0}")]
    Migration(#[source] rusqlite_migration::Error),
    /// A value could not be written as JSON or read from it.
    #[error("cannot convert a value: {0}")]
    Json(#[from] serde_json::Error),
    /// A row of a query is not what it is read into.
    #[error("a row does not fit its type: {0}")]
    Row(String),
    /// The stored state is not what the agent's state type expects; it was left as it is.
    #[error("the stored state does not fit the agent's state type: {error} ({refused})")]
    StateShape {
        /// How it does not fit.
        #[source]
        error: serde_json::Error,
        /// What [`Agent::migrate_state`](crate::Agent::migrate_state) said.
        refused: String,
    },
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
    /// The instance has as many schedules, or as many tasks in its queue, as it may have.
    #[error("this agent has {0} schedules or queued tasks already, which is its limit")]
    TooManySchedules(usize),
    /// A schedule that cannot be: a cron expression with an error, a time zone nobody knows, an
    /// interval of nothing, a date beyond the calendar.
    #[error("{0}")]
    InvalidSchedule(String),
    /// A hook of the routes has refused the client, with this HTTP status.
    #[error("the client was refused with status {0}")]
    Refused(u16),
    /// The instance could not start: `on_start` failed, its state does not fit, or its database
    /// cannot be opened.
    #[error("the agent cannot start: {0}")]
    CannotStart(String),
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

/// What a client is told in the place of an error, which the log has.
fn hidden(error: &dyn fmt::Display, told: String) -> String {
    tracing::error!(%error, "clients are told less of this");
    told
}

/// What kind of error it was, in SQLite's words: those with neither names nor values in them.
fn kind(error: &rusqlite::Error) -> String {
    let Some(error) = error.sqlite_error() else { return "database error".to_owned() };
    let what = match error.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
            "UNIQUE constraint failed"
        }
        ffi::SQLITE_CONSTRAINT_CHECK => "CHECK constraint failed",
        ffi::SQLITE_CONSTRAINT_NOTNULL => "NOT NULL constraint failed",
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => "FOREIGN KEY constraint failed",
        code => ffi::code_to_str(code),
    };
    format!("database error: {what}")
}

impl AgentError {
    /// The error in words for a client: without paths of the server and without SQL.
    pub(crate) fn for_client(&self) -> String {
        match self {
            Self::DataDir { source, .. } => {
                hidden(self, format!("the data folder cannot be used: {}", source.kind()))
            }
            Self::DataDirInUse(_) => {
                hidden(self, "the data folder is in use by another process".to_owned())
            }
            Self::Index { .. } => hidden(self, "the index cannot be used".to_owned()),
            Self::Database(error) => hidden(self, kind(error)),
            Self::Migration(_) => hidden(self, "the database cannot be migrated".to_owned()),
            Self::DatabaseDamaged(_) => {
                hidden(self, "the database is damaged and was left as it is".to_owned())
            }
            Self::Handler(error) => error.for_client(),
            error => error.to_string(),
        }
    }
}

impl From<rusqlite_migration::Error> for AgentError {
    fn from(error: rusqlite_migration::Error) -> Self {
        match error {
            rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
            error => Self::Migration(error),
        }
    }
}

impl From<rusqlite::Error> for AgentError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DatabaseFull(error),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::DatabaseDamaged(error)
            }
            _ => Self::Database(error),
        }
    }
}

/// An error of a handler: any error, as with `anyhow`, so `?` just works.
///
/// Work that is delivered at least once (a schedule, a queued task) is tried again after an error
/// unless it is marked with [`HandlerError::terminal`].
pub struct HandlerError {
    source: Box<dyn StdError + Send + Sync>,
    terminal: bool,
    private: bool,
}

impl HandlerError {
    /// An error with this text.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { source: message.into().into(), terminal: false, private: false }
    }

    /// Marks the error as one that trying again cannot mend.
    #[must_use]
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Marks the error as one that may repeat what somebody said: its words are in no log.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// The error in words for a log. What providers of models say may repeat what they were asked.
    pub(crate) fn for_log(&self) -> String {
        match self.downcast_ref::<ModelError>() {
            Some(error) => format!("model: {}", error.kind()),
            None if self.private => "its words are not for a log".to_owned(),
            None => self.to_string(),
        }
    }

    /// Whether trying again cannot mend it.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The error in words for a client, as [`AgentError::for_client`].
    pub(crate) fn for_client(&self) -> String {
        match (self.downcast_ref::<AgentError>(), self.downcast_ref::<rusqlite::Error>()) {
            (Some(error), _) => error.for_client(),
            (None, Some(error)) => hidden(error, kind(error)),
            (None, None) => self.to_string(),
        }
    }

    /// The error of type `E` that this was made of, or this where it was another.
    ///
    /// # Errors
    /// This error, where it was not made of an `E`.
    pub fn downcast<E: StdError + 'static>(self) -> Result<E, Self> {
        let Self { source, terminal, private } = self;
        source.downcast().map(|error| *error).map_err(|source| Self { source, terminal, private })
    }

    /// The error as one of type `E`, where it is one.
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.source.downcast_ref()
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self { source: error.into(), terminal: false, private: false }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_neither_paths_nor_sql() {
        let failed = || {
            let error = rusqlite::Connection::open_in_memory().unwrap().execute("SELEC secret", []);
            AgentError::from(error.unwrap_err())
        };
        let path = PathBuf::from("/secret/folder");
        let source = Box::new(failed());
        let errors = [
            failed(),
            AgentError::Index { path: path.clone(), source },
            AgentError::DataDirInUse(path.clone()),
            AgentError::DataDir { path, source: std::io::Error::other("secret") },
            AgentError::Handler(HandlerError::from(failed())),
        ];
        for error in errors {
            assert!(error.to_string().contains("secret"), "{error}");
            let told = error.for_client();
            assert!(!told.is_empty() && !told.contains("secret"), "{told}");
        }
        assert_eq!(HandlerError::new("no tea").for_client(), "no tea");
    }

    #[test]
    fn a_log_has_nothing_that_somebody_may_have_said() {
        let secret = || "secret".to_owned();
        let model = ModelError::Unavailable(secret());
        for error in [HandlerError::from(model), HandlerError::new(secret()).private()] {
            assert!(error.to_string().contains("secret"));
            assert!(!error.for_log().contains("secret"), "{}", error.for_log());
        }
        assert_eq!(HandlerError::new("no tea").for_log(), "no tea");
    }
}
