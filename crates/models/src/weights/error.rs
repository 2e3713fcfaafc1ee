//! What can go wrong on the way to a file of weights.

use std::fmt;
use std::path::PathBuf;

/// Why there are no weights. The text is for a person: what was tried, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The catalogue has no such id.
    #[error("There is no model `{id}`. Choose one of: {known}, or give the path of a GGUF file.")]
    UnknownId {
        /// What was asked for.
        id: String,
        /// The ids there are, separated by commas.
        known: String,
    },
    /// The configured file cannot be read.
    #[error("The model file {} cannot be read: {source}. Check the path in the configuration.", path.display())]
    Unreadable {
        /// The configured path.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The configured file is no GGUF file.
    #[error("{} is not a GGUF model file. Check the path in the configuration.", path.display())]
    NotGguf {
        /// The configured path.
        path: PathBuf,
    },
    /// The configured file has the name of known weights and not their content.
    #[error(
        "The model file {} is damaged or incomplete: {problem}. Fetch it again, \
         or rename it if it is another model.", path.display()
    )]
    Damaged {
        /// The configured path.
        path: PathBuf,
        /// How it differs.
        problem: String,
    },
    /// The folder for models cannot be written.
    #[error("The folder {} cannot be used for models: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Every source failed.
    #[error(
        "No language model could be fetched. {attempts} Set the address and API key of a model \
         provider, or the path of a GGUF file, in the configuration."
    )]
    NotFetched {
        /// What was tried, in order.
        attempts: Attempts,
    },
}

/// Everything that was tried, in order.
#[derive(Debug)]
pub struct Attempts(pub Vec<Attempt>);

/// One attempt to fetch weights.
#[derive(Debug)]
pub struct Attempt {
    /// Name of the weights.
    pub name: String,
    /// Address they were to come from.
    pub address: String,
    /// Size of the file.
    pub bytes: u64,
    /// What went wrong.
    pub error: FetchError,
}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Attempt { name, address, bytes, error }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            let megabytes = bytes.div_ceil(1_000_000);
            write!(f, "{separator}{name} ({megabytes} MB) from {address}: {error}.")?;
        }
        Ok(())
    }
}

/// Why one source did not give its file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The address could not be reached.
    #[error("cannot be reached ({0})")]
    Unreachable(String),
    /// The address answered with an HTTP error.
    #[error("answered HTTP {0}")]
    Status(u16),
    /// Nothing arrived for too long.
    #[error("sent nothing for {seconds} seconds; the part received is kept")]
    Stalled {
        /// How long was waited, rounded up.
        seconds: u64,
    },
    /// The connection ended early.
    #[error("the connection broke ({0}); the part received is kept")]
    Broken(String),
    /// The content is not what the catalogue says.
    #[error("the file received is not the right one ({0})")]
    Mismatch(String),
    /// `pip` is missing or failed.
    #[error("{0}")]
    Pip(String),
    /// The disk said no.
    #[error("cannot be stored ({0})")]
    Disk(#[from] std::io::Error),
}
