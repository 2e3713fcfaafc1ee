//! What can go wrong with a backup, in words that say what to do.

use std::path::{Path, PathBuf};

use crate::AgentError;

/// Why a backup could not be made or put back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// A file or folder cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// There is a file of that name already; it was left as it is.
    #[error("{0} is there already. Choose another name")]
    Exists(PathBuf),
    /// The file is no backup, or not a whole one.
    #[error("{path} is not a whole backup: {problem}")]
    NotABackup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A later version has written the backup in a way this one does not know.
    #[error(
        "this backup was made by Domovoi {version}, which is newer. Install that version or a later one"
    )]
    Newer {
        /// The version that made it.
        version: String,
    },
    /// There are agents in the folder, and they were not to be replaced.
    #[error(
        "{0} has agents in it already. Choose an empty folder, or say that it is to be replaced"
    )]
    NotEmpty(PathBuf),
    /// The folder is in use, or cannot be used.
    #[error(transparent)]
    Agents(#[from] AgentError),
}

impl BackupError {
    /// Names the file an error is about.
    pub(super) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }

    pub(super) fn broken(path: &Path, problem: impl ToString) -> Self {
        Self::NotABackup { path: path.to_owned(), problem: problem.to_string() }
    }
}
