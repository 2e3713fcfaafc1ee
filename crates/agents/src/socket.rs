//! The task of one WebSocket: frames in, frames out.

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use domovoi_protocol::{
    ClientFrame, ServerFrame,
    chat::{ChatResponse, Outcome},
};
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::sync::Semaphore;

use crate::{
    Agents, Connection,
    connection::{CODE_TRY_AGAIN_LATER, Outbound},
};

/// Frames of one connection that may be in the hands of its agent at a time; the next one is read
/// when one of them is done, so a client cannot fill the server's memory.
const FRAMES_IN_FLIGHT: usize = 256;

/// How a connection ended.
struct End {
    code: u16,
    reason: String,
    clean: bool,
}

/// Serves a connection until either side ends it.
pub(crate) async fn run(
    agents: Agents,
    agent: String,
    name: String,
    connection: Connection,
    outbound: Outbound,
    socket: WebSocket,
) {
    let Ok(host) = agents.host(&agent, &name).map(Arc::clone) else {
        return;
    };
    let (sink, mut stream) = socket.split();
    let writer = tokio::spawn(write(outbound, sink));
    if let Err(error) = host.connect(&agents, &name, connection.clone()) {
        connection.close(CODE_TRY_AGAIN_LATER, &error.to_string());
        let _ = writer.await;
        return;
    }
    let in_flight = Arc::new(Semaphore::new(FRAMES_IN_FLIGHT));
    let mut writing = writer;
    let end = loop {
        let received = tokio::select! {
            received = stream.next() => received,
            // The agent closed the connection, or the client stopped reading.
            _ = &mut writing => {
                let _ = tokio::time::timeout(CLOSING_TIMEOUT, drain(&mut stream)).await;
                break End { code: 1006, reason: String::new(), clean: false };
            }
        };
        match received {
            Some(Ok(Message::Close(frame))) => {
                let (code, reason) =
                    frame.map_or((1005, String::new()), |f| (f.code, f.reason.as_str().to_owned()));
                break End { code, reason, clean: true };
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(message)) => {
                if let Err(frames) = check_size(&agents, &message) {
                    frames.iter().for_each(|frame| connection.send_frame(frame));
                    continue;
                }
                let Ok(permit) = Arc::clone(&in_flight).acquire_owned().await else {
                    return;
                };
                host.message(&agents, &name, &connection, message, permit);
            }
            Some(Err(error)) => {
                tracing::debug!(agent, instance = name, %error, "the connection failed");
                connection.close(CODE_TOO_BIG, "a message is larger than this server takes");
                break End { code: 1006, reason: error.to_string(), clean: false };
            }
            None => {
                break End { code: 1006, reason: String::new(), clean: false };
            }
        }
    };
    host.closed(&agents, &name, &connection, end.code, end.reason, end.clean);
    if end.clean {
        connection.close(1000, "");
    }
    drop(connection);
    if !writing.is_finished() {
        let _ = tokio::time::timeout(CLOSING_TIMEOUT, &mut writing).await;
        writing.abort();
    }
}

/// Reads on until the client has answered the closing handshake.
async fn drain(stream: &mut SplitStream<WebSocket>) {
    while let Some(Ok(message)) = stream.next().await {
        if matches!(message, Message::Close(_)) {
            return;
        }
    }
}

/// Close code for a message over the hard limit.
const CODE_TOO_BIG: u16 = 1009;

/// How long a client may take to read the closing handshake.
const CLOSING_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Refuses a message over the limit, in words, and where it was a chat request as its answer.
fn check_size(agents: &Agents, message: &Message) -> Result<(), Vec<ServerFrame>> {
    let (limit, size) = match message {
        Message::Text(text) => (agents.config().max_message_bytes, text.len()),
        Message::Binary(bytes) => (agents.config().max_message_bytes, bytes.len()),
        _ => return Ok(()),
    };
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

/// Writes what the agent sends, as many messages at a time as there are, until it closes the
/// connection or the client is gone.
async fn write(mut outbound: Outbound, mut sink: SplitSink<WebSocket, Message>) {
    while let Some(first) = outbound.next().await {
        let mut next = Some(first);
        while let Some(message) = next {
            let last = matches!(message, Message::Close(_));
            if sink.feed(message).await.is_err() {
                return;
            }
            if last {
                let _ = sink.flush().await;
                return;
            }
            next = outbound.try_next();
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
    let _ = sink.send(Message::Close(Some(CloseFrame { code: 1001, reason: "".into() }))).await;
}
