//! Why somebody could not sign in at the identity provider. No text here has a token or a secret.

/// Why somebody could not sign in at the identity provider.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenIdError {
    #[error("the identity provider cannot be reached: {0}")]
    Unreachable(String),
    #[error("the identity provider's {0} cannot be used: {1}")]
    Answer(&'static str, String),
    #[error("the identity provider said `{0}`")]
    Refused(String),
    #[error("this answer does not belong to a sign-in that this browser began, or came too late")]
    State,
    #[error("the ID token is not good: {0}")]
    Token(String),
    #[error("{0} is not among those who may come in")]
    NotAdmitted(String),
    #[error("{0} is not linked with the account that is signed in")]
    Another(String),
    #[error("it is not said when {0} has signed in there, or it was too long ago")]
    NotFresh(String),
    #[error("{0} has no account here, and accounts are not made this way")]
    NoSignUp(String),
    #[error("the account of {0} was removed")]
    Removed(String),
}
