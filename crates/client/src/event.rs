//! What a client tells those who listen to it.

use domovoi_protocol::ServerFrame;

/// Something that happened on the connection, in the order in which it happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// An attempt to connect begins.
    Connecting,
    /// The socket is open; frames follow, the agent's identity among the first.
    Open,
    /// A frame of the protocol. Answers to calls are not among them: they go to their callers.
    Frame(ServerFrame),
    /// A text message that is not one of the protocol's: the application's own.
    Text(String),
    /// A binary message: the application's own.
    Binary(Vec<u8>),
    /// A frame of a known type in the wrong shape; the text says what is wrong with it.
    Malformed(String),
    /// The connection is closed, or an attempt to open it failed.
    Closed {
        /// WebSocket close code; 1006 where there was none.
        code: u16,
        /// What the server said, or why the attempt failed.
        reason: String,
        /// Whether the client will try again by itself.
        will_reconnect: bool,
    },
}

/// How the connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// The first attempt is not over, or has not begun.
    Connecting,
    /// Connected.
    Open,
    /// The connection was lost or not established; the client keeps trying.
    Reconnecting {
        /// The number of the attempt that is next or going on, from 1.
        attempt: u32,
    },
    /// Closed for good: by this side, or by a close code that forbids another attempt.
    Closed,
}
