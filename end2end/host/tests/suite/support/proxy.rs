//! Stands between clients and a host, and ends connections where a test wants it.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// What becomes of a connection after a frame that its client has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    GoOn,
    Cut,
}

/// Decides by the text of each frame the server sends.
type Rule = Box<dyn FnMut(&str) -> After + Send>;

/// A proxy for the WebSockets and requests of a host.
pub(crate) struct Proxy {
    pub(crate) address: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    target: Mutex<String>,
    rule: Mutex<Rule>,
    cuts: watch::Sender<usize>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// A proxy before `target` that asks `rule` after each frame.
    pub(crate) async fn start(
        target: &str,
        rule: impl FnMut(&str) -> After + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            target: Mutex::new(target.to_owned()),
            rule: Mutex::new(Box::new(rule)),
            cuts: watch::Sender::new(0),
        });
        let connections = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(Arc::clone(&connections).serve(client));
            }
        });
        Self { address, shared, task }
    }

    /// Connections from now on go to another host.
    pub(crate) fn lead_to(&self, target: &str) {
        target.clone_into(&mut self.shared.target.lock().unwrap());
    }

    /// How many connections were cut.
    pub(crate) fn cuts(&self) -> usize {
        *self.shared.cuts.borrow()
    }

    /// Waits until so many connections were cut.
    pub(crate) async fn cut(&self, count: usize) {
        self.shared.cuts.subscribe().wait_for(|cuts| *cuts >= count).await.unwrap();
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, client: TcpStream) {
        let target = self.target.lock().unwrap().clone();
        // Where nobody listens the client is hung up on, as without a proxy.
        let Ok(server) = TcpStream::connect(target).await else { return };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (from_server, mut to_server) = server.into_split();
        tokio::select! {
            _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
            () = self.pass_on(from_server, &mut to_client) => {}
        }
        drop(to_server);
        // What was passed on arrives; a connection that is closed with something unread in it
        // may take back what it has sent.
        let _ = to_client.shutdown().await;
        let _ = tokio::io::copy(&mut from_client, &mut tokio::io::sink()).await;
    }

    /// Passes what the server sends on, frame by frame once the WebSocket is open.
    async fn pass_on(&self, mut server: OwnedReadHalf, client: &mut OwnedWriteHalf) {
        let mut bytes = Vec::new();
        let mut open = false;
        loop {
            while let Some(end) = if open { frame(&bytes) } else { head(&bytes) } {
                let piece: Vec<u8> = bytes.drain(..end).collect();
                if client.write_all(&piece).await.is_err() {
                    return;
                }
                if !open {
                    if !piece.starts_with(b"HTTP/1.1 101 ") {
                        let _ = client.write_all(&bytes).await;
                        let _ = tokio::io::copy(&mut server, client).await;
                        return;
                    }
                    open = true;
                } else if self.after(&piece) == After::Cut {
                    return;
                }
            }
            match server.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    fn after(&self, frame: &[u8]) -> After {
        let text = String::from_utf8_lossy(&frame[payload(frame)..]);
        let after = (self.rule.lock().unwrap())(&text);
        if after == After::Cut {
            self.cuts.send_modify(|cuts| *cuts += 1);
        }
        after
    }
}

/// Where the head of an HTTP response ends.
fn head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4)
}

/// Where the payload of a server's frame begins: servers do not mask.
fn payload(bytes: &[u8]) -> usize {
    match bytes[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    }
}

/// Where the first frame ends, once it is whole.
fn frame(bytes: &[u8]) -> Option<usize> {
    let begin = (bytes.len() > 1).then(|| payload(bytes))?;
    let length = match (bytes.get(..begin)?, begin) {
        (head, 2) => usize::from(head[1]),
        (head, _) => head[2..].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
    };
    (bytes.len() >= begin + length).then_some(begin + length)
}
