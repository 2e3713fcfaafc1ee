//! Frames of a chat, as a client writes them and as little as it must read of the answers.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use serde_json::json;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use crate::socket::{IDENTITY, Socket};

/// Answers `gen tokens=N pace=MS` with so many tokens, so far apart.
pub(crate) const AGENT: &str = "bench-chat-agent";

/// What the last frame of a turn has in it.
const DONE: &str = r#""done":true"#;

/// What a frame has in it that tells of an error.
const ERROR: &str = r#""error":true"#;

/// Connects to a conversation. One of our own clients says so and gets only what changed.
pub(crate) async fn open(server: SocketAddr, name: &str, own: bool) -> Result<Socket> {
    let (id, own) = (Uuid::new_v4(), if own { "&domovoi=1" } else { "" });
    let path = format!("/agents/{AGENT}/{name}?_pk={id}{own}");
    let mut socket = Socket::open(server, &path).await?;
    socket.until(IDENTITY).await?;
    Ok(socket)
}

/// A person's message; what is known to the server is not sent again.
pub(crate) fn say(id: Uuid, text: &str) -> String {
    let message = json!({
        "id": Uuid::new_v4().to_string(),
        "role": "user",
        "parts": [{"type": "text", "text": text}],
    });
    let body = json!({"messages": [message], "trigger": "submit-message"}).to_string();
    let init = json!({"method": "POST", "body": body});
    format!(r#"{{"type":"cf_agent_use_chat_request","id":"{id}","init":{init}}}"#)
}

/// Whether a frame is the last one of a turn.
pub(crate) fn is_last(frame: &Utf8Bytes) -> Result<bool> {
    if frame.contains(ERROR) {
        bail!("a turn failed: {frame}");
    }
    Ok(frame.contains(DONE))
}
