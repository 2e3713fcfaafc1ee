//! Why the server cannot start, in words that say what to do.

use std::{net::SocketAddr, path::PathBuf};

use domovoi_agents::{AgentError, backup::BackupError};
use domovoi_models::ModelError;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(#[from] crate::config::ConfigError),
    /// The address is taken.
    #[error(
        "{0} is already in use by another program. Stop it, or choose another port: \
         domovoi serve --listen 127.0.0.1:PORT"
    )]
    AddressInUse(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The address can be reached from other machines, and nobody would have to sign in.
    #[error(
        "{0} can be reached from other machines, and nobody has an account yet. Add the owner with \
         `domovoi user add NAME`, or start with `domovoi serve --setup` and do it in the browser"
    )]
    NobodyToSignIn(SocketAddr),
    /// The database of people cannot be used.
    #[error("{0}")]
    People(#[from] crate::people::PeopleError),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The data folder cannot be used.
    #[error(
        "the data folder {path} cannot be used: {source}. Choose another: \
         domovoi serve --data-dir DIR"
    )]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another Domovoi has the data folder.
    #[error(
        "another Domovoi is running with the data folder {0}. Stop it, or choose another folder: \
         domovoi serve --data-dir DIR"
    )]
    DataDirInUse(PathBuf),
    /// A later version has used the data folder.
    #[error(
        "the data folder {path} was used by Domovoi {last}, and this is {current}, which may not \
         understand it. Start the later version, or restore a backup into another folder: \
         domovoi restore FILE --data-dir DIR"
    )]
    NewerData {
        /// The folder.
        path: PathBuf,
        /// The version that used it last.
        last: semver::Version,
        /// This version.
        current: semver::Version,
    },
    /// The backup before the first start of a version could not be made.
    #[error("the data folder could not be backed up before the upgrade: {0}")]
    Backup(#[source] BackupError),
    /// The agents cannot be hosted.
    #[error("the agents cannot be hosted: {0}")]
    Agents(#[source] AgentError),
    /// The model cannot be used.
    #[error("the model cannot be used: {0}")]
    Model(#[from] ModelError),
    /// The log of requests to models cannot be used.
    #[error("the log of requests to models cannot be used: {0}")]
    Gateway(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something the operating system refused.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl From<AgentError> for ServeError {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::DataDir { path, source } => Self::DataDir { path, source },
            AgentError::DataDirInUse(path) => Self::DataDirInUse(path),
            error => Self::Agents(error),
        }
    }
}
