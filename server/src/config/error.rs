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
    /// A route names a model nobody has.
    #[error(
        "the route `{route}` names `{target}`, which is no model: a name is `embedded`, or a \
         provider of [providers] and its model as in `openai/gpt-5`. Known: {providers}"
    )]
    UnknownTarget {
        /// The route.
        route: String,
        /// What it names.
        target: String,
        /// What it could name.
        providers: String,
    },
    /// A route names nothing.
    #[error("the route `{0}` under [models] names no model")]
    EmptyRoute(String),
    /// A provider has no address.
    #[error("the provider `{0}` has no address: set `base_url` under [providers.{0}]")]
    NoAddress(String),
    /// A provider's key is in a variable that is not set.
    #[error(
        "the key of the provider `{provider}` is to be in the variable {variable}, which is not set"
    )]
    NoKey {
        /// The provider.
        provider: String,
        /// The variable.
        variable: String,
    },
    /// Signing in at an identity provider is configured in a way that cannot be used.
    #[error("[openid] cannot be used: {0}")]
    OpenId(String),
    /// The embedded model is configured in a build without it.
    #[error(
        "this build has no embedded model. Build it with the feature `embedded-model` (needs cmake \
         and clang), or configure an endpoint under [model]"
    )]
    NoEmbeddedModel,
}
