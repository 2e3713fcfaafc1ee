//! `AgentClient` against a server of the test's own, over real sockets.

use std::time::Duration;

use domovoi_client::{
    AgentClient, AgentOptions, ClientError, ClientEvent, ConnectionStatus, ReconnectPolicy,
};
use domovoi_protocol::{
    ClientFrame, ServerFrame,
    connection::IdentityFrame,
    resume::ResumeRequest,
    rpc::{RpcRequest, RpcResponse},
};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::CloseFrame,
    },
};

struct Server(TcpListener);

struct Peer {
    socket: WebSocketStream<TcpStream>,
    uri: String,
}

impl Server {
    async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn options(&self) -> AgentOptions {
        let at_once = ReconnectPolicy { first: Duration::ZERO, ..ReconnectPolicy::default() };
        AgentOptions::new("TestAgent", "one")
            .base(format!("ws://{}", self.0.local_addr().unwrap()))
            .reconnect(at_once)
    }

    async fn accept(&self) -> Peer {
        let (stream, _) = self.0.accept().await.unwrap();
        let mut uri = String::new();
        #[allow(clippy::result_large_err, reason = "the signature is the library's")]
        let note = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            uri = request.uri().to_string();
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, note).await.unwrap();
        Peer { socket, uri }
    }
}

impl Peer {
    async fn send(&mut self, frame: impl Into<ServerFrame>) {
        self.socket.send(Message::text(frame.into().to_json())).await.unwrap();
    }

    async fn text(&mut self) -> String {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("not a text message: {other:?}"),
        }
    }

    async fn call(&mut self) -> RpcRequest {
        match ClientFrame::parse(&self.text().await) {
            Ok(Some(ClientFrame::Rpc(request))) => request,
            other => panic!("not a call: {other:?}"),
        }
    }

    async fn close(&mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "because".into() };
        self.socket.send(Message::Close(Some(frame))).await.unwrap();
    }

    async fn expect_close(&mut self) -> u16 {
        match self.socket.next().await {
            Some(Ok(Message::Close(Some(frame)))) => frame.code.into(),
            other => panic!("not a goodbye: {other:?}"),
        }
    }
}

fn identity() -> IdentityFrame {
    IdentityFrame { name: "one".to_owned(), agent: "test-agent".to_owned(), state_follows: None }
}

#[tokio::test]
async fn calls_carry_arguments_and_bring_results_and_errors() {
    let server = Server::start().await;
    let client = AgentClient::connect(server.options());
    let mut peer = server.accept().await;
    let work = async {
        let request = peer.call().await;
        assert_eq!(
            (request.method.as_str(), &request.args[..]),
            ("add", &[json!(1), json!(2)][..])
        );
        peer.send(RpcResponse::done(request.id, Some(json!(3)))).await;
        let request = peer.call().await;
        assert!(request.args.is_empty());
        peer.send(RpcResponse::done(request.id, None)).await;
        let request = peer.call().await;
        assert_eq!(request.args, [json!("only")]);
        peer.send(RpcResponse::failed(request.id, "no")).await;
        let request = peer.call().await;
        peer.send(RpcResponse::done(request.id, Some(json!("text")))).await;
    };
    let calls = async {
        assert_eq!(client.call::<i64>("add", (1, 2)).await.unwrap(), 3);
        client.call::<()>("reset", ()).await.unwrap();
        let failed = client.call::<Value>("fail", "only").await;
        assert!(matches!(failed, Err(ClientError::Remote(text)) if text == "no"));
        assert!(matches!(client.call::<i64>("odd", ()).await, Err(ClientError::Decode(_))));
    };
    tokio::join!(work, calls);
}

#[tokio::test]
async fn a_streamed_call_yields_its_items_and_then_its_value() {
    let server = Server::start().await;
    let client = AgentClient::connect(server.options());
    let mut peer = server.accept().await;
    let mut stream = client.call_stream::<i64>("count", (2,)).unwrap();
    let id = peer.call().await.id;
    peer.send(RpcResponse::item(id.clone(), json!(1))).await;
    peer.send(RpcResponse::item(id.clone(), json!(2))).await;
    assert_eq!(stream.next().await.unwrap().unwrap(), 1);
    assert_eq!(stream.final_value(), None);
    peer.send(RpcResponse::done(id, Some(json!("end")))).await;
    assert_eq!(stream.next().await.unwrap().unwrap(), 2);
    assert!(stream.next().await.is_none());
    assert_eq!(stream.final_value(), Some(&json!("end")));

    let mut stream = client.call_stream::<i64>("count", (2,)).unwrap();
    let id = peer.call().await.id;
    peer.send(RpcResponse::failed(id, "no")).await;
    assert!(matches!(stream.next().await, Some(Err(ClientError::Remote(_)))));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn what_is_sent_without_a_connection_waits_for_it() {
    let server = Server::start().await;
    let client = AgentClient::new(server.options());
    client.send_text("first").unwrap();
    client.send_frame(&ResumeRequest::default().into()).unwrap();
    client.set_state(json!({"count": 1})).unwrap();
    let caller = client.clone();
    let call = tokio::spawn(async move { caller.call::<i64>("add", (1, 2)).await });
    client.start();
    client.start();
    let mut peer = server.accept().await;
    assert_eq!(peer.text().await, "first");
    let state = ClientFrame::parse(&peer.text().await).unwrap().unwrap();
    assert!(matches!(state, ClientFrame::State(frame) if frame.state == json!({"count": 1})));
    let id = peer.call().await.id;
    peer.send(RpcResponse::done(id, Some(json!(3)))).await;
    assert_eq!(call.await.unwrap().unwrap(), 3);
}

#[tokio::test]
async fn a_lost_connection_fails_the_calls_in_flight_and_comes_back() {
    let server = Server::start().await;
    let client = AgentClient::new(server.options());
    let mut events = client.events();
    client.start();
    let mut peer = server.accept().await;
    let first_uri = peer.uri.clone();
    let lose = async {
        peer.call().await;
        drop(peer);
    };
    let (result, ()) = tokio::join!(client.call::<i64>("add", (1, 2)), lose);
    assert!(matches!(result, Err(ClientError::ConnectionLost)));

    let mut peer = server.accept().await;
    assert_eq!(peer.uri, first_uri, "the connection keeps its id");
    assert!(first_uri.starts_with("/agents/test-agent/one?_pk="));
    let answer = async {
        let id = peer.call().await.id;
        peer.send(RpcResponse::done(id, Some(json!(3)))).await;
    };
    let (result, ()) = tokio::join!(client.call::<i64>("add", (1, 2)), answer);
    assert_eq!(result.unwrap(), 3);

    assert_eq!(events.next().await, Some(ClientEvent::Connecting));
    assert_eq!(events.next().await, Some(ClientEvent::Open));
    let closed = events.next().await;
    assert!(
        matches!(closed, Some(ClientEvent::Closed { code: 1006, will_reconnect: true, .. })),
        "{closed:?}"
    );
    assert_eq!(events.next().await, Some(ClientEvent::Connecting));
    assert_eq!(events.next().await, Some(ClientEvent::Open));
    assert_eq!(client.status(), ConnectionStatus::Open);
}

#[tokio::test]
async fn terminal_codes_end_it() {
    for code in [1008, 4000, 4999] {
        let server = Server::start().await;
        let client = AgentClient::new(server.options());
        let mut events = client.events();
        client.start();
        let mut peer = server.accept().await;
        let (result, ()) = tokio::join!(client.call::<i64>("add", (1, 2)), async {
            peer.call().await;
            peer.close(code).await;
        });
        assert!(matches!(result, Err(ClientError::Closed { code: c, .. }) if c == code));
        assert_eq!(client.status(), ConnectionStatus::Closed);
        assert!(matches!(client.send_text("x"), Err(ClientError::Closed { .. })));
        assert!(matches!(client.ready().await, Err(ClientError::Closed { .. })));
        let mut last = None;
        while let Some(event) = events.next().await {
            last = Some(event);
        }
        let reason = "because".to_owned();
        assert_eq!(last, Some(ClientEvent::Closed { code, reason, will_reconnect: false }));
    }
}

#[tokio::test]
async fn other_codes_do_not_end_it() {
    let server = Server::start().await;
    let client = AgentClient::connect(server.options());
    for code in [1000, 1001, 1011, 1012] {
        server.accept().await.close(code).await;
    }
    server.accept().await.send(identity()).await;
    assert_eq!(client.ready().await.unwrap(), identity());
}

#[tokio::test]
async fn a_refused_request_is_not_repeated() {
    let server = Server::start().await;
    let client = AgentClient::connect(server.options());
    let call = client.call::<Value>("x", ());
    let refuse = async {
        let (mut stream, _) = server.0.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        let answer = "HTTP/1.1 400 Bad Request\r\ncontent-length: 13\r\n\r\nunknown agent";
        stream.write_all(answer.as_bytes()).await.unwrap();
    };
    let (result, ()) = tokio::join!(call, refuse);
    assert!(
        matches!(&result, Err(ClientError::Closed { reason, .. }) if reason.contains("400")),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let server = Server::start().await;
    let client = AgentClient::connect(server.options());
    let (mut stream, _) = server.0.accept().await.unwrap();
    let mut request = [0; 4096];
    assert!(stream.read(&mut request).await.unwrap() > 0);
    let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(answer.as_bytes()).await.unwrap();
    drop(stream);
    server.accept().await.send(identity()).await;
    assert_eq!(client.ready().await.unwrap().agent, "test-agent");
}

#[tokio::test]
async fn frames_arrive_in_order_and_apart_from_foreign_messages() {
    let server = Server::start().await;
    let client = AgentClient::new(server.options());
    let mut events = client.events();
    client.start();
    let mut peer = server.accept().await;
    let follows = IdentityFrame { state_follows: Some(true), ..identity() };
    peer.send(follows.clone()).await;
    peer.send(domovoi_protocol::state::StateFrame { state: json!(7) }).await;
    peer.socket.send(Message::text("hello")).await.unwrap();
    peer.socket.send(Message::text(r#"{"type":"cf_agent_identity"}"#)).await.unwrap();
    peer.socket.send(Message::binary(vec![1, 2])).await.unwrap();
    peer.send(RpcResponse::done("nobody's", None)).await;
    assert_eq!(client.ready().await.unwrap(), follows);
    assert_eq!(client.identity(), Some(follows.clone()));
    let events: Vec<_> = events.by_ref().take(8).collect().await;
    assert_eq!(events[..2], [ClientEvent::Connecting, ClientEvent::Open]);
    assert_eq!(events[2], ClientEvent::Frame(follows.into()));
    assert!(matches!(&events[3], ClientEvent::Frame(ServerFrame::State(_))));
    assert_eq!(events[4], ClientEvent::Text("hello".to_owned()));
    assert!(matches!(&events[5], ClientEvent::Malformed(_)));
    assert_eq!(events[6], ClientEvent::Binary(vec![1, 2]));
    assert!(matches!(&events[7], ClientEvent::Frame(ServerFrame::Rpc(_))));
}

#[tokio::test]
async fn closing_lets_out_what_waits_and_says_goodbye() {
    let server = Server::start().await;
    let client = AgentClient::connect(server.options());
    let mut peer = server.accept().await;
    peer.send(identity()).await;
    client.ready().await.unwrap();
    client.send_text("last words").unwrap();
    drop(client);
    assert_eq!(peer.text().await, "last words");
    assert_eq!(peer.expect_close().await, 1000);
}

#[tokio::test]
async fn a_callback_may_use_and_close_the_client() {
    let server = Server::start().await;
    let client = AgentClient::new(server.options());
    let weak = client.downgrade();
    let (sender, closed) = futures::channel::oneshot::channel();
    let mut sender = Some(sender);
    client
        .on_event(move |event| match (event, weak.upgrade()) {
            (ClientEvent::Open, Some(client)) => client.send_text("from the callback").unwrap(),
            (ClientEvent::Frame(_), Some(client)) => client.close(),
            (ClientEvent::Closed { will_reconnect: false, .. }, _) => {
                let _ = sender.take().unwrap().send(());
            }
            _ => {}
        })
        .forget();
    client.start();
    let mut peer = server.accept().await;
    assert_eq!(peer.text().await, "from the callback");
    peer.send(identity()).await;
    closed.await.unwrap();
    assert_eq!(client.status(), ConnectionStatus::Closed);
}

#[tokio::test]
async fn a_dropped_subscription_hears_nothing() {
    let server = Server::start().await;
    let client = AgentClient::new(server.options());
    let subscription = client.on_event(|event| panic!("called with {event:?}"));
    drop(subscription);
    client.start();
    server.accept().await.send(identity()).await;
    client.ready().await.unwrap();
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let mut options = AgentOptions::new("a", "n");
    options.max_queued = 1;
    let client = AgentClient::new(options);
    client.send_text("one").unwrap();
    assert!(matches!(client.send_text("two"), Err(ClientError::QueueFull)));
    assert!(matches!(client.call::<()>("x", ()).await, Err(ClientError::QueueFull)));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_times_out_and_is_taken_back() {
    let mut options = AgentOptions::new("a", "n");
    options.max_queued = 1;
    let client = AgentClient::new(options);
    let limit = Duration::from_secs(30);
    let result = client.call::<()>("x", ()).await;
    assert!(matches!(result, Err(ClientError::TimedOut(after)) if after == limit));
    client.send_text("there is room again").unwrap();
}

#[test]
fn without_a_runtime_it_is_closed() {
    let client = AgentClient::connect(AgentOptions::new("a", "n"));
    assert_eq!(client.status(), ConnectionStatus::Closed);
}
