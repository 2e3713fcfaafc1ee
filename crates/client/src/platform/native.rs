//! Sockets over tokio and tungstenite.

use std::{future::Future, sync::Arc, time::Duration};

use futures::{
    SinkExt as _, StreamExt as _,
    channel::oneshot,
    stream::{SplitSink, SplitStream},
};
use tokio::sync::Notify;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{
        Error, Message as Frame, protocol::CloseFrame, protocol::frame::coding::CloseCode,
    },
};

use crate::{
    ClientEvent,
    link::{Ending, Link, Message},
};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// An attempt to connect is given up after this long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The goodbye of a closing connection may take this long.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// `Send` natively, nothing in a browser, where everything stays on one thread.
pub trait MaybeSend: Send {}
impl<T: Send> MaybeSend for T {}

pub(crate) type Callback = Box<dyn FnMut(&ClientEvent) + Send>;

pub(crate) fn callback(callback: impl FnMut(&ClientEvent) + Send + 'static) -> Callback {
    Box::new(callback)
}

pub(crate) fn default_base() -> String {
    "ws://127.0.0.1:8787".to_owned()
}

/// Whether there was a runtime to run `task` on.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> bool {
    tokio::runtime::Handle::try_current().map(|runtime| runtime.spawn(task)).is_ok()
}

pub(crate) async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// `None` where the time is over first.
pub(crate) async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    tokio::time::timeout(limit, future).await.ok()
}

/// Tells the socket's task that there is something to send.
#[derive(Clone)]
pub(crate) struct Wake(Arc<Notify>);

impl Wake {
    pub(crate) fn wake(&self, _: &Link) {
        self.0.notify_one();
    }
}

/// Opens a socket and serves it until it closes.
pub(crate) async fn run(link: &Link, closing: &mut oneshot::Receiver<()>) -> Ending {
    let url = link.options.socket_url();
    let connect = tokio::time::timeout(CONNECT_TIMEOUT, tokio_tungstenite::connect_async(url));
    let connected = tokio::select! {
        _ = &mut *closing => return Ending::by_code(1000, String::new()),
        connected = connect => connected,
    };
    let (mut sink, mut stream) = match connected {
        Ok(Ok((socket, _))) => socket.split(),
        Ok(Err(error)) => return not_opened(&error),
        Err(_) => return lost("the server does not answer"),
    };
    let work = Arc::new(Notify::new());
    link.opened(Wake(Arc::clone(&work)));
    tokio::select! {
        ending = receive(link, &mut stream) => return ending,
        error = send(link, &mut sink, &work) => return lost(error),
        _ = &mut *closing => {}
    }
    let goodbye = async {
        send_waiting(link, &mut sink).await?;
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        sink.send(Frame::Close(Some(frame))).await
    };
    // Whether or not the other side hears it, the connection is over.
    let _ = tokio::time::timeout(GOODBYE_TIMEOUT, goodbye).await;
    Ending::by_code(1000, String::new())
}

async fn send(link: &Link, sink: &mut SplitSink<Socket, Frame>, work: &Notify) -> Error {
    loop {
        if let Err(error) = send_waiting(link, sink).await {
            return error;
        }
        work.notified().await;
    }
}

async fn send_waiting(link: &Link, sink: &mut SplitSink<Socket, Frame>) -> Result<(), Error> {
    while let Some(message) = link.next_outgoing() {
        sink.feed(match message {
            Message::Text(text) => Frame::text(text),
            Message::Binary(bytes) => Frame::binary(bytes),
        })
        .await?;
    }
    sink.flush().await
}

async fn receive(link: &Link, stream: &mut SplitStream<Socket>) -> Ending {
    while let Some(frame) = stream.next().await {
        match frame {
            Ok(Frame::Text(text)) => link.received_text(&text),
            Ok(Frame::Binary(bytes)) => link.received_binary(bytes.into()),
            Ok(Frame::Close(Some(close))) => {
                return Ending::by_code(close.code.into(), close.reason.to_string());
            }
            Ok(Frame::Close(None)) => return Ending::by_code(1005, String::new()),
            Ok(_) => {}
            Err(error) => return lost(error),
        }
    }
    lost("the connection ended without a goodbye")
}

fn lost(reason: impl ToString) -> Ending {
    Ending { code: 1006, reason: reason.to_string(), terminal: false }
}

/// A server that refuses the request would refuse it again; one that is busy would not.
fn not_opened(error: &Error) -> Ending {
    let terminal = match error {
        Error::Http(response) => {
            let status = response.status().as_u16();
            (400..500).contains(&status) && !matches!(status, 408 | 425 | 429)
        }
        Error::Url(_) => true,
        _ => false,
    };
    let reason = match error {
        Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            format!("{} {}", response.status(), String::from_utf8_lossy(body)).trim_end().to_owned()
        }
        error => error.to_string(),
    };
    Ending { code: 1006, reason, terminal }
}
