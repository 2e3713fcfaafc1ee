//! Why a configuration cannot be used.

use std::path::PathBuf;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML, or has a key or value that is not known; the text names its line.
    #[error("in the configuration {path}: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A variable has a value that cannot be used.
    #[error("the variable {name} is set to `{value}`: {problem}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An endpoint is configured without the name of a model.
    #[error(
        "an OpenAI-compatible endpoint is configured, but no model: set `name` under [model] in \
         the configuration, or the variable DOMOVOI_MODEL"
    )]
    NoModelName,
    /// The embedded model is configured in a build without it.
    #[error(
        "this build has no embedded model. Build it with the feature `embedded-model` (needs cmake \
         and clang), or configure an endpoint under [model]"
    )]
    NoEmbeddedModel,
}
