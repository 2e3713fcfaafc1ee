//! A real server on a free port, and a client that speaks raw frames.

pub(crate) mod chat;
pub(crate) mod question;

use std::{path::Path, time::Duration};

use domovoi_agents::{Agents, AgentsBuilder, AgentsConfig};
use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest, protocol::CloseFrame},
};

/// How long a test waits for something that must come. Only reached by a test that fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Settings under which an instance falls asleep at once.
pub(crate) fn config(folder: &Path) -> AgentsConfig {
    let mut config = AgentsConfig::new(folder);
    config.idle_after = Duration::from_millis(1);
    config
}

pub(crate) struct Server {
    pub(crate) agents: Agents,
    pub(crate) address: String,
}

impl Server {
    pub(crate) async fn start(builder: AgentsBuilder) -> Self {
        let agents = builder.build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let app: axum::Router = agents.routes();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { agents, address }
    }

    pub(crate) async fn connect(&self, path: &str) -> Client {
        let url = format!("ws://{}/agents/{path}", self.address);
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        Client { socket }
    }

    /// Connects with an `Origin`; the status of a refusal is the error.
    pub(crate) async fn connect_from(&self, path: &str, origin: &str) -> Result<Client, u16> {
        let url = format!("ws://{}/agents/{path}", self.address);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Client { socket }),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                Err(response.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// A plain HTTP request: status and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!(
            "GET /agents/{path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }
}

pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send_binary(&mut self, bytes: Vec<u8>) {
        self.socket.send(Message::binary(bytes)).await.unwrap();
    }

    pub(crate) async fn next_message(&mut self) -> Message {
        let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
        next.expect("nothing came").expect("the connection ended").unwrap()
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Value {
        match self.next_message().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("expected a frame, got {other:?}"),
        }
    }

    /// The next frame of this type; others are passed over.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Calls a method and waits for the answer.
    pub(crate) async fn call(&mut self, method: &str, args: Value) -> Value {
        let id = format!("{method}-{args}");
        self.send(serde_json::json!({"type": "rpc", "id": id, "method": method, "args": args}))
            .await;
        loop {
            let frame = self.next_of("rpc").await;
            if frame["id"] == id {
                return frame;
            }
        }
    }

    /// The close frame the server ends with.
    pub(crate) async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            match self.next_message().await {
                Message::Close(frame) => return frame,
                _ => continue,
            }
        }
    }

    pub(crate) async fn close(mut self) {
        self.socket.close(None).await.unwrap();
    }
}

/// What the disk holds at this moment, as after `kill -9`.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
