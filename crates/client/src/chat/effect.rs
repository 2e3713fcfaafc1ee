//! What a session wants done.

use domovoi_protocol::{ClientFrame, chunk::DataChunk};

/// Something to do after a session was told something.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// Send this frame.
    Send(ClientFrame),
    /// Draw this again.
    Changed(Changed),
    /// Fetch the history over HTTP, or its newest page, and pass it to
    /// [`ChatSession::fetched`](super::ChatSession::fetched) with this ticket. Where that fails,
    /// try again or leave it: the next time the connection opens, the session asks again.
    RefetchHistory {
        /// Tells this fetch from earlier and later ones.
        ticket: u64,
    },
    /// Fetch the page before this message over HTTP and pass it to
    /// [`ChatSession::fetched_older`](super::ChatSession::fetched_older) with this ticket, or say
    /// with [`failed_older`](super::ChatSession::failed_older) that it cannot be had.
    LoadOlder {
        /// Tells this fetch from earlier and later ones.
        ticket: u64,
        /// The id of the oldest message that is here.
        before: String,
    },
    /// A part that is delivered and not kept.
    Data(DataChunk),
}

/// What to draw again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// The list of messages: some came, went or changed places.
    Messages,
    /// The message with this index, all of it; it may be new, and then it is the last.
    Message(usize),
    /// One part of one message; it may be new, and then it is the last.
    Part {
        /// The message's index.
        message: usize,
        /// The part's index in it.
        part: usize,
    },
    /// Status or error.
    Status,
}

/// How the conversation stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChatStatus {
    /// The person may write.
    #[default]
    Ready,
    /// A turn has begun or is about to, and nothing of its answer is here.
    Submitted,
    /// An answer is being written.
    Streaming,
    /// The last turn failed; the person may write.
    Error,
}
