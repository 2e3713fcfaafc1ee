//! The one error of this crate.

/// A frame or chunk of a known type that does not have that type's shape.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is not JSON, or a field is missing or has the wrong type.
    #[error("malformed `{kind}`: {source}")]
    Malformed {
        /// The `type` it claimed to have, or `chunk` where it had none.
        kind: String,
        /// What serde found.
        #[source]
        source: serde_json::Error,
    },
}

impl ParseError {
    pub(crate) fn new(kind: &str, source: serde_json::Error) -> Self {
        Self::Malformed { kind: kind.to_owned(), source }
    }
}
