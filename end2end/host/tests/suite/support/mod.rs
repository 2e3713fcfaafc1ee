//! The host as a process of its own, and a client that speaks raw frames.

pub(crate) mod chaos;
pub(crate) mod chatter;
pub(crate) mod llm_chat;
pub(crate) mod provider;
pub(crate) mod proxy;

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::CloseFrame},
};

/// How long a test waits for something that must come. Only reached by a test that fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The connection is gone.
pub(crate) type Lost = tungstenite::Error;

/// A folder for one test: data, and what the host says.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    /// The database of an instance whose name needs no escape.
    pub(crate) fn file(&self, agent: &str, name: &str) -> PathBuf {
        self.data().join("agents").join(agent).join(format!("{name}.sqlite3"))
    }

    /// What every host in this place has written to its standard error.
    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.root().join("stderr.txt")
    }

    pub(crate) fn assert_no_panic(&self) {
        let said = self.stderr();
        assert!(!said.contains("panicked"), "{said}");
    }

    /// A host on this place's data.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_domovoi-test-host"));
        command.arg("--data-dir").arg(self.data()).args(args);
        command
    }

    /// As [`Place::command`], by a shell that has run `first`.
    pub(crate) fn command_after(&self, first: &str, args: &[&str]) -> Command {
        let host = self.command(args);
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!(r#"{first}; exec "$0" "$@""#));
        command.arg(host.get_program()).args(host.get_args());
        command
    }

    pub(crate) fn start(&self) -> Host {
        self.start_with(&[])
    }

    pub(crate) fn start_with(&self, args: &[&str]) -> Host {
        self.spawn(self.command(args)).ready()
    }

    /// Starts a host without waiting until it listens.
    pub(crate) fn spawn(&self, mut command: Command) -> Starting {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        Starting { child: Owned(child) }
    }
}

/// A process that ends with the test.
struct Owned(Child);

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A host that may not listen yet.
pub(crate) struct Starting {
    child: Owned,
}

impl Starting {
    /// Waits until it listens.
    pub(crate) fn ready(mut self) -> Host {
        let stdout = self.child.0.stdout.take().unwrap();
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").expect("the host did not start");
        Host { address: address.to_owned(), child: self.child }
    }

    /// Waits until it ends by itself.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.0.wait().unwrap()
    }

    /// `kill -9`.
    pub(crate) fn kill(self) {}
}

/// A host that listens.
pub(crate) struct Host {
    pub(crate) address: String,
    child: Owned,
}

impl Host {
    /// `kill -9`, completed when the process is gone.
    pub(crate) fn kill(self) {}

    pub(crate) fn id(&self) -> u32 {
        self.child.0.id()
    }

    pub(crate) fn assert_running(&mut self) {
        assert_eq!(self.child.0.try_wait().unwrap(), None, "the host has ended");
    }

    pub(crate) async fn connect(&self, path: &str) -> Client {
        connect(&self.address, path).await.unwrap()
    }

    /// A plain HTTP request: status and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address);
        let answer = self.raw(head.as_bytes()).await;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").expect("no answer");
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// Writes bytes to a connection of its own and answers all that comes back.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        // The server may refuse before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
            .await
            .expect("the server neither answers nor hangs up");
        answer
    }

    /// Resident memory in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes << 10
    }

    /// The instance answers a call of a counter: whatever was done to the server, it goes on.
    pub(crate) async fn assert_answers(&mut self) {
        self.assert_running();
        let mut client = self.connect("counter-agent/still-there").await;
        assert_eq!(client.call("echo", json!(["hello"])).await["result"], "hello");
    }
}

/// Connects to an instance; `path` is what follows `/agents/`.
pub(crate) async fn connect(address: &str, path: &str) -> Result<Client, Lost> {
    let request = format!("ws://{address}/agents/{path}").into_client_request()?;
    let (socket, _) = tokio_tungstenite::connect_async(request).await?;
    Ok(Client { socket, calls: 0 })
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    calls: u64,
}

impl Client {
    pub(crate) async fn try_send(&mut self, message: Message) -> Result<(), Lost> {
        self.socket.send(message).await
    }

    pub(crate) async fn try_next_message(&mut self) -> Result<Message, Lost> {
        let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
        next.expect("nothing came").unwrap_or(Err(Lost::ConnectionClosed))
    }

    /// The next text as JSON; a message of another kind counts as the end.
    pub(crate) async fn try_next(&mut self) -> Result<Value, Lost> {
        match self.try_next_message().await? {
            Message::Text(text) => Ok(serde_json::from_str(&text).unwrap()),
            _ => Err(Lost::ConnectionClosed),
        }
    }

    /// The next frame of this type; others are passed over.
    pub(crate) async fn try_next_of(&mut self, kind: &str) -> Result<Value, Lost> {
        loop {
            let frame = self.try_next().await?;
            if frame["type"] == kind {
                return Ok(frame);
            }
        }
    }

    /// Sends a call and does not wait for its answer.
    pub(crate) async fn try_send_call(
        &mut self,
        method: &str,
        args: Value,
    ) -> Result<String, Lost> {
        self.calls += 1;
        let id = self.calls.to_string();
        let call = json!({"type": "rpc", "id": id, "method": method, "args": args});
        self.try_send(Message::text(call.to_string())).await?;
        Ok(id)
    }

    /// Calls a method and waits for the answer.
    pub(crate) async fn try_call(&mut self, method: &str, args: Value) -> Result<Value, Lost> {
        let id = self.try_send_call(method, args).await?;
        loop {
            let frame = self.try_next_of("rpc").await?;
            if frame["id"] == id && (frame["done"] == true || frame["success"] == false) {
                return Ok(frame);
            }
        }
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.try_send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn next_message(&mut self) -> Message {
        self.try_next_message().await.unwrap()
    }

    /// The next frame of this type; others are passed over.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        self.try_next_of(kind).await.unwrap()
    }

    pub(crate) async fn call(&mut self, method: &str, args: Value) -> Value {
        self.try_call(method, args).await.unwrap()
    }

    /// Calls a method that must succeed.
    pub(crate) async fn result(&mut self, method: &str, args: Value) -> Value {
        let answer = self.call(method, args).await;
        assert_eq!(answer["success"], true, "{method}: {answer}");
        answer["result"].clone()
    }

    /// Calls a method that must fail, and answers with what it says.
    pub(crate) async fn error(&mut self, method: &str, args: Value) -> String {
        let answer = self.call(method, args).await;
        assert_eq!(answer["success"], false, "{method}: {answer}");
        answer["error"].as_str().unwrap().to_owned()
    }

    /// The next text that is no frame of the protocol.
    pub(crate) async fn next_other(&mut self) -> String {
        loop {
            if let Message::Text(text) = self.next_message().await
                && !text.contains(r#""type":""#)
            {
                return text.to_string();
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
}

/// Every regular file below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}
