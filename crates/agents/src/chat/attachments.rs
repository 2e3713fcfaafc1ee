//! Files of a conversation that tools may read.

use crate::Result;

/// A file that a person has attached to a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What kind of file it is, for example `text/csv`.
    pub media_type: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// Where the files of a conversation are, other than in its messages. Tools ask when they need one, so
/// that an answer costs nothing for files that nobody reads; see
/// [`StreamText::attachments`](super::StreamText::attachments).
pub trait Attachments: Send + Sync {
    /// What the files are called.
    ///
    /// # Errors
    /// Where they are cannot be read.
    fn names(&self) -> Result<Vec<String>>;

    /// The newest file of a name, in capital letters or not; nothing where there is none.
    ///
    /// # Errors
    /// As [`Attachments::names`].
    fn find(&self, name: &str) -> Result<Option<Attachment>>;
}
