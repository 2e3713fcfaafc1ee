//! One WebSocket to the server under test, with as little around it as possible.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, Utf8Bytes, client::IntoClientRequest, protocol::WebSocketConfig},
};
use uuid::Uuid;

/// Bytes of each buffer; thousands of sockets are to fit in memory.
const BUFFER: usize = 4096;

/// An open connection.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Connects to a path of a server.
    pub(crate) async fn open(server: SocketAddr, path: &str) -> Result<Self> {
        let stream = TcpStream::connect(server).await.context("connecting to the server")?;
        stream.set_nodelay(true)?;
        let request = format!("ws://{server}{path}").into_client_request()?;
        let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(BUFFER);
        let (socket, _) = client_async_with_config(request, stream, Some(config))
            .await
            .with_context(|| format!("opening a WebSocket to {path}"))?;
        Ok(Self(socket))
    }

    /// Connects to an instance, as a client that names its connection does.
    pub(crate) async fn open_instance(server: SocketAddr, agent: &str, name: &str) -> Result<Self> {
        Self::open(server, &format!("/agents/{agent}/{name}?_pk={}", Uuid::new_v4())).await
    }

    /// Sends text.
    pub(crate) async fn send(&mut self, text: impl Into<Utf8Bytes>) -> Result<()> {
        self.0.send(Message::Text(text.into())).await.context("sending a frame")
    }

    /// The next text.
    pub(crate) async fn next(&mut self) -> Result<Utf8Bytes> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(frame))) => bail!("the server closed: {frame:?}"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error).context("reading a frame"),
                None => bail!("the server is gone"),
            }
        }
    }

    /// The next text that has `part` in it; others before it are thrown away.
    pub(crate) async fn until(&mut self, part: &str) -> Result<Utf8Bytes> {
        loop {
            let text = self.next().await?;
            if text.contains(part) {
                return Ok(text);
            }
        }
    }
}

/// The `type` of a frame that holds a state.
pub(crate) const STATE: &str = "\"cf_agent_state\"";

/// The `type` of the frame that greets a connection.
pub(crate) const IDENTITY: &str = "\"cf_agent_identity\"";

/// A call frame. Ids have the length of those that npm clients make.
pub(crate) fn call(id: u64, method: &str, args: &str) -> String {
    let id = call_id(id);
    format!(r#"{{"type":"rpc","id":"{id}","method":"{method}","args":{args}}}"#)
}

/// The answer to the call `id`; anything before it is thrown away.
pub(crate) async fn answer(socket: &mut Socket, id: u64) -> Result<Utf8Bytes> {
    let text = socket.until(&call_id(id)).await?;
    if !text.contains("\"success\":true") {
        bail!("a call failed: {text}");
    }
    Ok(text)
}

/// Makes an instance of `counter-agent` write its state, and waits for answer and state, whichever
/// comes first.
pub(crate) async fn increment(socket: &mut Socket, id: u64) -> Result<()> {
    socket.send(call(id, "increment", "[]")).await?;
    let (mut answered, mut seen) = (false, false);
    while !answered || !seen {
        let text = socket.next().await?;
        answered |= text.contains(&call_id(id));
        seen |= text.contains(STATE);
    }
    Ok(())
}

/// The id of the call with this number.
fn call_id(id: u64) -> String {
    format!("00000000-0000-4000-8000-{id:012x}")
}

/// A name that no earlier run has used.
pub(crate) fn name(scenario: &str, index: usize) -> String {
    format!("{scenario}-{}-{index}", std::process::id())
}
