//! The task of one WebSocket: frames in, frames out. One task and small buffers, since most
//! connections are silent most of the time.

use std::collections::VecDeque;

use axum::extract::ws::{Message, WebSocket};
use domovoi_protocol::{
    ClientFrame, ServerFrame,
    chat::{ChatResponse, Outcome},
};
use futures::SinkExt;

use crate::{AgentError, Connection, connection::CODE_TRY_AGAIN_LATER, outbox::size_of};

/// Size of a socket's read buffer, in bytes; it grows for as long as a larger frame needs it.
pub(crate) const READ_BUFFER: usize = 4 << 10;

/// Bytes that are put together before they are written, unless there is nothing more to write.
pub(crate) const WRITE_BUFFER: usize = 8 << 10;

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
    mut socket: WebSocket,
    max_message_bytes: usize,
) {
    if let Err(error) = receiver.connected(&connection) {
        connection.close(CODE_TRY_AGAIN_LATER, &error.to_string());
        exchange(&*receiver, &connection, &mut socket, max_message_bytes).await;
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
    loop {
        let has_room = connection.has_room();
        let received = tokio::select! {
            messages = outbox.take() => match write(socket, connection, messages).await {
                Ok(None) => continue,
                Ok(Some(closed)) => return answered(socket, closed).await,
                Err(end) => return end,
            },
            received = socket.recv(), if has_room => received,
            () = connection.room(), if !has_room => continue,
            () = outbox.overflowed() => return End::lost("the client does not read or is gone"),
        };
        connection.heard();
        match received {
            Some(Ok(Message::Close(frame))) => {
                // The answer to the handshake is written by closing.
                let _ = tokio::time::timeout(CLOSING_TIMEOUT, socket.close()).await;
                let (code, reason) = frame
                    .map_or((1005, String::new()), |frame| (frame.code, frame.reason.to_string()));
                return End { code, reason, clean: true };
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(message)) => match check_size(max_message_bytes, &message) {
                Ok(()) => receiver.message(connection, message),
                Err(frames) => frames.iter().for_each(|frame| connection.send_frame(frame)),
            },
            Some(Err(error)) => {
                connection.close_now(CODE_TOO_BIG, "a message is larger than this server takes");
                let last = outbox.take().await;
                let _ = write(socket, connection, last).await;
                return End::lost(error.to_string());
            }
            None => return End::lost(""),
        }
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
    let written = tokio::select! {
        written = writing => written,
        () = connection.outbox().overflowed() => {
            return Err(End::lost("the client reads too slowly"));
        }
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
fn check_size(limit: usize, message: &Message) -> Result<(), Vec<ServerFrame>> {
    let size = size_of(message);
    if size <= limit {
        return Ok(());
    }
    let error = format!("The message has {size} bytes, more than the limit of {limit}.");
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
