//! What a chat agent answers with.

use std::fmt;

use domovoi_protocol::Chunk;
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};

use crate::Result;

/// An answer: text, or a stream of chunks.
pub struct ChatReply {
    chunks: BoxStream<'static, Result<Chunk>>,
}

impl ChatReply {
    /// An answer from chunks of the AI SDK's UI message stream. `start` may be left out. An error
    /// ends the turn; what came before it is kept.
    #[must_use]
    pub fn from_chunks(chunks: impl Stream<Item = Result<Chunk>> + Send + 'static) -> Self {
        Self { chunks: chunks.boxed() }
    }

    /// An answer from pieces of text.
    #[must_use]
    pub fn from_text(pieces: impl Stream<Item = Result<String>> + Send + 'static) -> Self {
        const ID: &str = "text";
        let deltas = pieces.map(|piece| piece.map(|delta| Chunk::text_delta(ID, delta)));
        Self::from_chunks(
            stream::iter([Ok(Chunk::text_start(ID))])
                .chain(deltas)
                .chain(stream::iter([Ok(Chunk::text_end(ID))])),
        )
    }

    /// The chunks of the answer, for code that shows it to somebody itself.
    #[must_use]
    pub fn into_chunks(self) -> BoxStream<'static, Result<Chunk>> {
        self.chunks
    }
}

impl From<String> for ChatReply {
    fn from(text: String) -> Self {
        Self::from_text(stream::iter([Ok(text)]))
    }
}

impl From<&str> for ChatReply {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Debug for ChatReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatReply").finish_non_exhaustive()
    }
}
