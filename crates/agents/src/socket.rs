//! The task of one WebSocket: frames in, frames out. One task and small buffers, since most
//! connections are silent most of the time.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use axum::extract::ws::{Message, WebSocket};
use domovoi_protocol::{
    ClientFrame, ServerFrame,
    chat::{ChatResponse, Outcome},
};
use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite;

use crate::{AgentError, Connection, connection::CODE_TRY_AGAIN_LATER, outbox::size_of};

/// Size of a socket's read buffer, in bytes; it grows for as long as a larger frame needs it. What is left of it
/// is filled with zeros before each read, so it is no larger than a call with its arguments.
pub(crate) const READ_BUFFER: usize = 512;

/// Bytes that are put together before they are written, unless there is nothing more to write.
pub(crate) const WRITE_BUFFER: usize = 8 << 10;

/// Close code for what is no WebSocket message.
const CODE_PROTOCOL_ERROR: u16 = 1002;

/// Close code for text that is not UTF-8.
const CODE_INVALID_TEXT: u16 = 1007;

/// Close code for a message over the hard limit.
const CODE_TOO_BIG: u16 = 1009;

/// How long a client may take to answer the closing handshake.
const CLOSING_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// The instance at the other end of a connection.
pub(crate) trait Receiver: Send + Sync {
    /// The connection is open; an error where it cannot stay.
    fn connected(&self, connection: &Connection) -> Result<(), AgentError>;

    /// A text or binary message has come.
    fn message(&self, connection: &Connection, message: Message);

    /// The connection has ended.
    fn closed(&self, connection: &Connection, end: End);
}

/// How a connection ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) code: u16,
    pub(crate) reason: String,
    /// Whether with a closing handshake.
    pub(crate) clean: bool,
}

impl End {
    fn lost(reason: impl Into<String>) -> Self {
        Self { code: 1006, reason: reason.into(), clean: false }
    }
}

/// Serves a connection until either side ends it.
pub(crate) async fn run(
    receiver: Box<dyn Receiver>,
    connection: Connection,
    mut socket: Box<WebSocket>,
    max_message_bytes: usize,
) {
    if let Err(error) = receiver.connected(&connection) {
        connection.close(CODE_TRY_AGAIN_LATER, &error.to_string());
        Box::pin(exchange(&*receiver, &connection, &mut socket, max_message_bytes)).await;
        return;
    }
    let end = exchange(&*receiver, &connection, &mut socket, max_message_bytes).await;
    connection.mark_closed();
    receiver.closed(&connection, end);
}

async fn exchange(
    receiver: &dyn Receiver,
    connection: &Connection,
    socket: &mut WebSocket,
    max_message_bytes: usize,
) -> End {
    let outbox = connection.outbox();
    // Whether it is the client's turn, so that one who is sent much is heard as well.
    let mut has_written = false;
    loop {
        let received = match next(connection, socket, &mut has_written).await {
            Next::Write(messages) => match write(socket, connection, messages).await {
                Ok(None) => {
                    has_written = true;
                    continue;
                }
                // What comes once at the end is not worth the room in every socket's task.
                Ok(Some(closed)) => return Box::pin(answered(socket, closed)).await,
                Err(end) => return end,
            },
            Next::Received(received) => received,
            Next::Overflowed => return End::lost("the client does not read or is gone"),
        };
        connection.heard();
        match received {
            Some(Ok(Message::Close(frame))) => {
                // The answer to the handshake is written by closing.
                let _ = Box::pin(tokio::time::timeout(CLOSING_TIMEOUT, socket.close())).await;
                let (code, reason) = frame
                    .map_or((1005, String::new()), |frame| (frame.code, frame.reason.to_string()));
                return End { code, reason, clean: true };
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(message)) => match check_size(connection, max_message_bytes, &message) {
                Ok(()) => receiver.message(connection, message),
                Err(frames) => frames.iter().for_each(|frame| connection.send_frame(frame)),
            },
            Some(Err(error)) => {
                let (code, reason) = objection(&error);
                connection.close_now(code, reason);
                tokio::select! {
                    last = outbox.take() => {
                        let _ = Box::pin(write(socket, connection, last)).await;
                    }
                    // Nothing waits to be written any more.
                    () = outbox.overflowed() => {}
                }
                return End::lost(error.to_string());
            }
            None => return End::lost(""),
        }
    }
}

/// What there is to do for a socket.
enum Next {
    Write(VecDeque<Message>),
    Received(Option<Result<Message, axum::Error>>),
    /// The client does not read.
    Overflowed,
}

/// Waits for either side in one future: a broadcast wakes thousands of these.
async fn next(connection: &Connection, socket: &mut WebSocket, has_written: &mut bool) -> Next {
    poll_fn(|task| {
        let mut waits_for_client = false;
        if std::mem::take(has_written) && connection.has_room() {
            waits_for_client = true;
            if let Poll::Ready(received) = socket.poll_next_unpin(task) {
                return Poll::Ready(Next::Received(received));
            }
        }
        match connection.outbox().poll(task) {
            Poll::Ready(Some(messages)) => return Poll::Ready(Next::Write(messages)),
            Poll::Ready(None) => return Poll::Ready(Next::Overflowed),
            Poll::Pending => {}
        }
        // Room that comes after this look wakes the task through the outbox, where it waits now.
        if !waits_for_client && connection.has_room() {
            return socket.poll_next_unpin(task).map(Next::Received);
        }
        Poll::Pending
    })
    .await
}

/// What a client is told of a message that cannot be read.
fn objection(error: &axum::Error) -> (u16, &'static str) {
    let error = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    match error {
        Some(tungstenite::Error::Capacity(_)) => {
            (CODE_TOO_BIG, "a message is larger than this server takes")
        }
        Some(tungstenite::Error::Utf8(_)) => (CODE_INVALID_TEXT, "a text message is not UTF-8"),
        _ => (CODE_PROTOCOL_ERROR, "this is not a message of the WebSocket protocol"),
    }
}

/// Writes messages; answers with the close frame where that was the last one.
async fn write(
    socket: &mut WebSocket,
    connection: &Connection,
    messages: VecDeque<Message>,
) -> Result<Option<End>, End> {
    let bytes = messages.iter().map(size_of).sum();
    let writing = async {
        for message in messages {
            let closed = match &message {
                Message::Close(frame) => frame.as_ref().map(|frame| End {
                    code: frame.code,
                    reason: frame.reason.to_string(),
                    clean: true,
                }),
                _ => None,
            };
            socket.feed(message).await?;
            if closed.is_some() {
                socket.flush().await?;
                return Ok(closed);
            }
        }
        socket.flush().await?;
        Ok(None)
    };
    let mut writing = pin!(writing);
    let written = poll_fn(|task| match writing.as_mut().poll(task) {
        Poll::Ready(written) => Poll::Ready(Some(written)),
        Poll::Pending => connection.outbox().poll_overflowed(task).map(|()| None),
    });
    let Some(written) = written.await else {
        return Err(End::lost("the client reads too slowly"));
    };
    connection.outbox().written(bytes);
    written.map_err(|error: axum::Error| End::lost(error.to_string()))
}

/// Reads on until the client has answered the closing handshake.
async fn answered(socket: &mut WebSocket, closed: End) -> End {
    let answer = async {
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Close(_)) {
                return true;
            }
        }
        false
    };
    let clean = tokio::time::timeout(CLOSING_TIMEOUT, answer).await.unwrap_or(false);
    End { clean, ..closed }
}

/// Refuses a message over the limit, in words, and where it was a chat request as its answer.
fn check_size(
    connection: &Connection,
    limit: usize,
    message: &Message,
) -> Result<(), Vec<ServerFrame>> {
    let size = size_of(message);
    if size <= limit {
        return Ok(());
    }
    let error = format!("The message has {size} bytes, more than the limit of {limit}.");
    let error = connection.in_words(error);
    if let Message::Text(text) = message
        && let Ok(Some(ClientFrame::ChatRequest(request))) = ClientFrame::parse(text)
    {
        return Err(vec![
            ChatResponse::error(request.id.as_str(), error).into(),
            ChatResponse::done(request.id, Some(Outcome::Error)).into(),
        ]);
    }
    Err(vec![ServerFrame::error(error)])
}
