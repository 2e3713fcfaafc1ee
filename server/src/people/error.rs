//! Why something about people could not be done, in words for whoever asked.

use std::path::PathBuf;

/// Why something about people could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeopleError {
    /// The database of people cannot be used.
    #[error("the database of people cannot be used: {0}")]
    Database(#[from] rusqlite::Error),
    /// The database of people cannot be brought to this version.
    #[error("the database of people cannot be brought to this version: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// The folder of the database cannot be made.
    #[error("the folder {path} cannot be made: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The system has no random numbers, or a password cannot be hashed.
    #[error("a secret cannot be made: {0}")]
    Secret(String),
    /// The name cannot be one.
    #[error(
        "a name has 1 to 64 characters, no line breaks or other control characters, and no space \
         at its ends"
    )]
    Name,
    /// Somebody has that name.
    #[error("somebody is called `{0}` already")]
    NameTaken(String),
    /// The password is too short.
    #[error("a password has at least 10 characters")]
    PasswordTooShort,
    /// The password is too long.
    #[error("a password has at most 1024 bytes")]
    PasswordTooLong,
    /// The password is the name.
    #[error("the name is no password")]
    PasswordIsName,
    /// What was given as the present password is not it.
    #[error("that is not your present password")]
    WrongPassword,
    /// Nobody has that name.
    #[error("there is nobody called `{0}`")]
    Nobody(String),
    /// The person has gone meanwhile.
    #[error("there is no such person any more")]
    Gone,
    /// There is an owner.
    #[error("there is an owner already; the owner's data is what this server began with")]
    OwnerExists,
    /// The owner stays the owner.
    #[error(
        "the owner stays the owner and cannot be removed: the data this server began with is theirs"
    )]
    OwnerStays,
    /// The first person is the owner.
    #[error("the first person is the owner")]
    FirstIsOwner,
    /// There is no such role.
    #[error("`{0}` is no role: it is owner, admin or member")]
    Role(String),
    /// Somebody's role does not allow it.
    #[error("your role does not allow that")]
    NotAllowed,
    /// An invitation that is used up, expired, or never was.
    #[error("this invitation was used or has expired. Ask for another one")]
    Invitation,
    /// Another API token has that name, or it is none.
    #[error("`{0}` cannot be the name of a token: another one has it, or it is empty or too long")]
    TokenName(String),
    /// A token that would be good for nothing.
    #[error("a token is good for something: for models, agents or read")]
    NoScope,
    /// How long a token is to be good is no number of days.
    #[error("a token is good for 1 to 3650 days, or until it is ended")]
    TokenDays,
    /// Somebody has as many tokens as one can have.
    #[error("there are {0} tokens already. End one that is not needed")]
    TooManyTokens(i64),
    /// A limit is no number.
    #[error("a limit is a number that is not below zero; an empty field is no limit")]
    Quota,
    /// What a link is to show is too much.
    #[error(
        "this is more than a link can show, which is {0} MB. Share it up to an earlier message"
    )]
    ShareTooLarge(usize),
    /// An identity of the identity provider is another person's.
    #[error("that identity belongs to another account of this server")]
    IdentityTaken,
    /// Without a password nobody could sign in who has no identity.
    #[error("this account has no password, so that would be the end of signing in")]
    LastWayIn,
    /// Who has no password has to show first, at the identity provider, that it is them.
    #[error("sign in at your identity provider once more first")]
    NotProven,
    /// There is no API token of that name.
    #[error("there is no token `{0}`")]
    NoToken(String),
}
