//! A WebSocket server without agents: what the same traffic costs by itself.
//!
//! Its buffers are as small as the agents' server's, and frames leave at once.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use axum::{
    Router,
    extract::{
        State,
        ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::get,
    serve::ListenerExt,
};
use parking_lot::Mutex;
use tokio::{net::TcpListener, sync::mpsc};

use crate::{bare_chat::chat, open_files, print};

/// Bytes of each buffer of a connection.
const BUFFER: usize = 4096;

/// What a new connection to `/greet` or `/fan` is told: two frames, as an instance's identity and
/// state.
const GREETING: [&str; 2] = [
    r#"{"type":"cf_agent_identity","name":"starts-0000-0000","agent":"counter-agent","stateFollows":true}"#,
    r#"{"type":"cf_agent_state","state":{"counter":0}}"#,
];

/// The connections of `/fan`.
#[derive(Clone, Default)]
struct Fan(Arc<Mutex<Vec<mpsc::UnboundedSender<Utf8Bytes>>>>);

/// Serves until the process is ended.
pub(crate) async fn serve(listen: SocketAddr) -> Result<()> {
    open_files::allow_all()?;
    let routes = Router::new()
        .route("/echo", get(|upgrade: WebSocketUpgrade| async { sized(upgrade).on_upgrade(echo) }))
        .route(
            "/greet",
            get(|upgrade: WebSocketUpgrade| async { sized(upgrade).on_upgrade(greet) }),
        )
        .route("/chat", get(|upgrade: WebSocketUpgrade| async { sized(upgrade).on_upgrade(chat) }))
        .route("/fan", get(fan))
        .with_state(Fan::default());
    let listener = TcpListener::bind(listen).await?;
    print(format_args!("listening on {}", listener.local_addr()?));
    let listener = listener.tap_io(|stream| {
        // Slower without, and no reason to end.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, routes).await?;
    Ok(())
}

fn sized(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.read_buffer_size(BUFFER).write_buffer_size(BUFFER)
}

/// Answers each text with itself.
async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(_) = message
            && socket.send(message).await.is_err()
        {
            return;
        }
    }
}

/// As [`echo`], after a greeting.
async fn greet(mut socket: WebSocket) {
    for text in GREETING {
        if socket.send(text.into()).await.is_err() {
            return;
        }
    }
    echo(socket).await;
}

async fn fan(State(fan): State<Fan>, upgrade: WebSocketUpgrade) -> Response {
    sized(upgrade).on_upgrade(|socket| fan_out(fan, socket))
}

/// Passes each text on to every connection. The greeting says that this one is among them now.
async fn fan_out(fan: Fan, mut socket: WebSocket) {
    let (sender, mut texts) = mpsc::unbounded_channel();
    fan.0.lock().push(sender);
    for text in GREETING {
        if socket.send(text.into()).await.is_err() {
            return;
        }
    }
    loop {
        tokio::select! {
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => {
                    fan.0.lock().retain(|connection| connection.send(text.clone()).is_ok());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            Some(text) = texts.recv() => {
                if socket.send(Message::Text(text)).await.is_err() {
                    return;
                }
            }
        }
    }
}
