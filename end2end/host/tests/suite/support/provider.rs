//! An OpenAI-compatible provider whose every byte a test decides.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

use super::PATIENCE;

/// A provider on a port of its own.
pub(crate) struct Provider {
    /// What the host takes as `--model-url`.
    pub(crate) url: String,
    asked: mpsc::UnboundedReceiver<Asked>,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    pub(crate) async fn start_at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (sender, asked) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let sender = sender.clone();
                tokio::spawn(async move {
                    if let Some(asked) = Asked::read(socket).await {
                        // A test that has ended does not want it.
                        let _ = sender.send(asked);
                    }
                });
            }
        });
        Self { url, asked, task }
    }

    /// Nobody listens any more.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        // The listener goes with the task.
        let _ = (&mut self.task).await;
    }

    /// The next request.
    pub(crate) async fn asked(&mut self) -> Asked {
        let next = tokio::time::timeout(PATIENCE, self.asked.recv()).await;
        next.expect("nobody asks").unwrap()
    }

    /// Whether a request has come that the test has not looked at.
    pub(crate) fn is_asked(&mut self) -> bool {
        !self.asked.is_empty()
    }
}

/// A request that waits for its answer.
pub(crate) struct Asked {
    pub(crate) body: Value,
    socket: TcpStream,
}

impl Asked {
    async fn read(mut socket: TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if socket.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap_or("0").parse().unwrap();
        let mut body = bytes.split_off(end + 4);
        while body.len() < length {
            if socket.read_buf(&mut body).await.ok()? == 0 {
                return None;
            }
        }
        Some(Self { body: serde_json::from_slice(&body).unwrap(), socket })
    }

    /// The messages the model was shown.
    pub(crate) fn messages(&self) -> &Vec<Value> {
        self.body["messages"].as_array().unwrap()
    }

    /// Writes bytes as they are.
    pub(crate) async fn raw(mut self, bytes: &[u8]) -> Self {
        self.socket.write_all(bytes).await.unwrap();
        self
    }

    /// A whole answer that is not a stream.
    pub(crate) async fn answer(self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        self.raw(answer.as_bytes()).await.end().await;
    }

    /// The error an OpenAI-compatible server answers with.
    pub(crate) async fn refuse(self, status: &str, headers: &str, message: &str) {
        let body = json!({"error": {"message": message, "type": "error", "code": null}});
        self.answer(status, headers, &body.to_string()).await;
    }

    /// Begins a stream that ends with the connection.
    pub(crate) async fn begin(self) -> Self {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        self.raw(head.as_bytes()).await
    }

    /// One event of the stream.
    pub(crate) async fn event(self, delta: Value, finish_reason: Option<&str>) -> Self {
        let chunk = json!({
            "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "local",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
        });
        self.raw(format!("data: {chunk}\n\n").as_bytes()).await
    }

    pub(crate) async fn text(self, text: &str) -> Self {
        self.event(json!({"content": text}), None).await
    }

    pub(crate) async fn tool_call(self, name: &str, arguments: &str) -> Self {
        let function = json!({"name": name, "arguments": arguments});
        let call = json!({"index": 0, "id": "call-1", "type": "function", "function": function});
        self.event(json!({"tool_calls": [call]}), None).await
    }

    /// A text that the other side may not take to its end.
    pub(crate) async fn flood(mut self, text: &str) {
        let chunk = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
        let _ = self.socket.write_all(format!("data: {chunk}\n\n").as_bytes()).await;
    }

    /// Ends the stream as a provider does.
    pub(crate) async fn finish(self, reason: &str) {
        let this = self.event(json!({}), Some(reason)).await.raw(b"data: [DONE]\n\n").await;
        this.end().await;
    }

    /// A whole answer in words.
    pub(crate) async fn say(self, text: &str) {
        self.begin().await.text(text).await.finish("stop").await;
    }

    /// A whole answer that calls a tool.
    pub(crate) async fn call(self, name: &str, arguments: &str) {
        self.begin().await.tool_call(name, arguments).await.finish("tool_calls").await;
    }

    async fn end(mut self) {
        // The other side may have gone first.
        let _ = self.socket.shutdown().await;
    }

    /// Waits until the other side closes the connection.
    pub(crate) async fn closed(mut self) {
        let gone = async {
            let mut rest = [0; 64];
            while self.socket.read(&mut rest).await.is_ok_and(|count| count > 0) {}
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("the connection stays open");
    }
}
