//! Whatever comes over the wire, there is a clear answer or an end of that connection, and the
//! server goes on.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    fs,
};

use futures::{SinkExt, StreamExt};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::support::{self, Client, Host, Lost, Place, files_below};

/// Ends a test: nothing has panicked, and the server answers.
async fn assert_unharmed(place: &Place, host: &mut Host) {
    host.assert_answers().await;
    place.assert_no_panic();
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[tokio::test]
async fn frames_in_the_wrong_shape_are_answered_in_words() {
    let place = Place::new();
    let mut host = place.start();
    let mut client = host.connect("counter-agent/a").await;
    let deep = nested(100_000);
    for frame in [
        r#"{"type":"rpc"}"#,
        r#"{"type":"rpc","id":7,"method":"echo","args":[]}"#,
        r#"{"type":"rpc","id":"1","method":{"a":1},"args":[]}"#,
        r#"{"type":"rpc","id":"1","method":"echo","args":{"0":1}}"#,
        r#"{"type":"rpc","id":null,"method":null,"args":null}"#,
        r#"{"type":"cf_agent_state"}"#,
        r#"{"type":"cf_agent_use_chat_request","id":[]}"#,
        r#"{"type":"cf_agent_chat_messages","messages":"none"}"#,
    ] {
        client.send_text(frame).await;
        let error = client.next_of("domovoi_error").await;
        assert!(error["error"].as_str().unwrap().contains("malformed"), "{frame}: {error}");
    }
    for state in ["5", "[]", "null", "\"x\"", r#"{"counter":1.5}"#, r#"{"counter":1e300}"#] {
        client.send_text(&format!(r#"{{"type":"cf_agent_state","state":{state}}}"#)).await;
        let error = client.next_of("cf_agent_state_error").await;
        assert_eq!(error["error"], "State update rejected", "{state}");
    }
    // These are no frames of the protocol, and the agent takes no others.
    for text in [
        "",
        "not json",
        "{",
        "null",
        "[]",
        "\"rpc\"",
        "{}",
        "\0\0\0",
        "\u{feff}{}",
        r#"{"type":5}"#,
        r#"{"type":{"type":"rpc"}}"#,
        r#"{"type":"cf_agent_of_the_future","x":1}"#,
        r#"{"type":"rpc","id":"1","method":"echo","args":[]"#,
        r#"{"type":"\ud800"}"#,
        &deep,
        &format!(r#"{{"type":"rpc","id":"deep","method":"echo","args":{deep}}}"#),
        &format!(r#"{{"type":"cf_agent_state","state":{deep}}}"#),
        &"{\"a\":".repeat(100_000),
        &"9".repeat(1_000_000),
        &format!("{{\"type\":\"{}\"}}", "x".repeat(1_000_000)),
    ] {
        client.send_text(text).await;
        let name = &text[..text.floor_char_boundary(60)];
        assert_eq!(client.call("echo", json!([1])).await["result"], 1, "after {name}");
    }
    // Method and id of any kind come back as they are.
    for method in ["", "constructor", "__proto__", "../echo", "écho", "echo\0", "on_start"] {
        let error = client.error(method, json!([])).await;
        assert_eq!(error, format!("Method {method} does not exist"));
    }
    assert_eq!(client.result("increment", json!([])).await, 1, "nothing has changed the state");
    assert_unharmed(&place, &mut host).await;
}

#[tokio::test]
async fn numbers_that_mean_no_time_are_refused() {
    let place = Place::new();
    let mut host = place.start();
    let mut client = host.connect("ledger-agent/a").await;
    for seconds in ["-1", "1e300", "1e18", "1e15", "9223372036854775807", "null", "\"soon\""] {
        let seconds: Value = serde_json::from_str(seconds).unwrap();
        let error = client.error("remind", json!([seconds, 1])).await;
        assert!(!error.is_empty() && error != "The call ended without an answer", "{error}");
    }
    assert_eq!(client.result("scheduled", json!([])).await, json!([]));
    let mut scheduler = host.connect("scheduler-agent/a").await;
    for cron in ["", "* * *", "99 * * * *", "@never", "* * * * * * * * *", "é", "0 0 31 2 *"] {
        let error = scheduler.error("cron", json!([cron, null])).await;
        assert_ne!(error, "The call ended without an answer", "{cron}");
    }
    assert_unharmed(&place, &mut host).await;
}

#[tokio::test]
async fn ten_thousand_frames_at_once_are_answered_in_order() {
    let place = Place::new();
    let mut host = place.start();
    let (mut send, mut receive) = host.connect("echo-agent/a").await.socket.split();
    let writing = tokio::spawn(async move {
        for i in 0..10_000 {
            send.feed(Message::text(i.to_string())).await.unwrap();
            send.feed(Message::Ping(Default::default())).await.unwrap();
        }
        send.flush().await.unwrap();
    });
    let mut next = 0;
    while next < 10_000 {
        match receive.next().await.unwrap().unwrap() {
            Message::Text(text) if text.starts_with('{') => {}
            Message::Text(text) => {
                assert_eq!(text.as_str(), next.to_string());
                next += 1;
            }
            _ => {}
        }
    }
    writing.await.unwrap();
    assert_unharmed(&place, &mut host).await;
}

/// Sends until the server has had enough, reading meanwhile; answers with the close code, where one
/// has come before the connection was cut.
async fn flood(client: Client, messages: impl Iterator<Item = Message>) -> Option<u16> {
    let (mut send, mut receive) = client.socket.split();
    let writing = async {
        for message in messages {
            if send.send(message).await.is_err() {
                break;
            }
        }
    };
    let reading = async {
        while let Some(Ok(message)) = receive.next().await {
            if let Message::Close(frame) = message {
                return frame.map(|frame| u16::from(frame.code));
            }
        }
        None
    };
    tokio::join!(writing, reading).1
}

fn fragment(bytes: usize, code: Data) -> Message {
    Message::Frame(Frame::message(vec![b'x'; bytes], OpCode::Data(code), false))
}

#[tokio::test]
async fn a_hundred_megabytes_end_the_connection() {
    let place = Place::new();
    let mut host = place.start();
    let at_once = [Message::binary(vec![0; 100 << 20])].into_iter();
    let code = flood(host.connect("echo-agent/a").await, at_once).await;
    assert!(matches!(code, None | Some(1009)), "{code:?}");
    // Piece by piece, without an end.
    let first = std::iter::once(fragment(1 << 20, Data::Text));
    let pieces = first.chain((0..99).map(|_| fragment(1 << 20, Data::Continue)));
    let code = flood(host.connect("echo-agent/a").await, pieces).await;
    assert!(matches!(code, None | Some(1009)), "{code:?}");
    assert_unharmed(&place, &mut host).await;
}

/// A WebSocket that was opened by hand, for bytes that no library writes.
async fn opened(host: &Host) -> TcpStream {
    let mut stream = TcpStream::connect(&host.address).await.unwrap();
    let request = format!(
        "GET /agents/echo-agent/a HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        host.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream
}

/// The code of the close frame that comes after frames of any other kind, until the end.
async fn close_code(mut stream: TcpStream) -> Option<u16> {
    let mut code = None;
    while let Ok(opcode) = stream.read_u8().await {
        let length = match stream.read_u8().await.unwrap() {
            126 => usize::from(stream.read_u16().await.unwrap()),
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.unwrap();
        if opcode == 0x88 {
            code = Some(u16::from_be_bytes([payload[0], payload[1]]));
        }
    }
    code
}

#[tokio::test]
async fn bytes_that_are_no_messages_end_the_connection_with_a_code() {
    let place = Place::new();
    let mut host = place.start();
    let mask = [0, 0, 0, 0];
    let masked = |head: [u8; 2], payload: &[u8]| [&head[..], &mask, payload].concat();
    for (name, bytes, code) in [
        ("invalid UTF-8", masked([0x81, 0x82], &[0xc3, 0x28]), 1007),
        ("a lone surrogate", masked([0x81, 0x83], &[0xed, 0xa0, 0x80]), 1007),
        ("an unmasked frame", vec![0x81, 0x02, b'h', b'i'], 1002),
        ("a reserved opcode", masked([0x83, 0x80], b""), 1002),
        ("a reserved bit", masked([0xf1, 0x80], b""), 1002),
        ("a continuation of nothing", masked([0x80, 0x80], b""), 1002),
        ("a fragmented ping", masked([0x09, 0x80], b""), 1002),
        ("a long ping", masked([0x89, 0xfe], &[0, 200, 0, 0]), 1002),
        ("an endless length", masked([0x82, 0xff], &[0xff; 16]), 1009),
    ] {
        let mut stream = opened(&host).await;
        stream.write_all(&bytes).await.unwrap();
        assert_eq!(close_code(stream).await, Some(code), "{name}");
    }
    // Whatever this is, it is the end of these connections only.
    let mut rng = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        let mut stream = opened(&host).await;
        let garbage: Vec<u8> = (0..rng.usize(1..2_000)).map(|_| rng.u8(..)).collect();
        let _ = stream.write_all(&garbage).await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    }
    assert_unharmed(&place, &mut host).await;
}

#[tokio::test]
async fn connections_that_break_off_are_forgotten() {
    let place = Place::new();
    let mut host = place.start();
    let path = "test-state-agent/a";
    for cut in [0, 1, 2, 5, 6, 7, 20] {
        let frame = [&[0x82, 0xa0, 0, 0, 0, 0][..], &[b'x'; 32]].concat();
        let mut stream = opened(&host).await;
        stream.write_all(&frame[..cut]).await.unwrap();
        drop(stream);
        drop(host.connect(path).await);
    }
    // Each is noticed without anybody writing to it.
    loop {
        let (_, body) = host.get(&format!("/agents/{path}/connections")).await;
        if body == r#"{"count":0}"# {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_unharmed(&place, &mut host).await;
}

#[tokio::test]
async fn http_that_is_none_is_refused() {
    let place = Place::new();
    let mut host = place.start();
    let line = "GET /agents/counter-agent/a HTTP/1.1\r\nhost: x\r\n";
    let mut many = line.to_owned();
    for i in 0..500 {
        write!(many, "x-{i}: y\r\n").unwrap();
    }
    let long = "x".repeat(1 << 20);
    for (name, request, statuses) in [
        ("a header of a megabyte", format!("{line}x: {long}\r\n\r\n"), &["431"][..]),
        ("500 headers", format!("{many}\r\n"), &["431"]),
        ("a path of a megabyte", format!("GET /agents/{long} HTTP/1.1\r\n\r\n"), &["414", "431"]),
        ("no HTTP", "\0\u{1}\u{2}\r\n\r\n".to_owned(), &["400"]),
        ("a header without a colon", format!("{line}nothing\r\n\r\n"), &["400"]),
        ("two lengths", format!("{line}content-length: 1\r\ncontent-length: 2\r\n\r\n"), &["400"]),
        ("a bad length", format!("{line}content-length: -1\r\n\r\n"), &["400"]),
        ("a space in the path", "GET /agents/a b HTTP/1.1\r\n\r\n".to_owned(), &["400"]),
        (
            "an old WebSocket",
            format!(
                "{line}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 7\r\n\
                 sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nconnection: close\r\n\r\n"
            ),
            &["400"],
        ),
        (
            "a WebSocket without a key",
            format!(
                "{line}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                 connection: close\r\n\r\n"
            ),
            &["400"],
        ),
    ] {
        let answer = host.raw(request.as_bytes()).await;
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.get(9..12).unwrap_or_default();
        // A connection that is cut while the request is still being written says nothing.
        let cut = request.len() > 1 << 20 && answer.is_empty();
        assert!(cut || statuses.contains(&status), "{name}: {answer}");
    }
    // A body that never comes, or is none, concerns nobody else.
    for rest in ["content-length: 1000\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\nzz\r\n"] {
        let mut stream = TcpStream::connect(&host.address).await.unwrap();
        let head = "POST /agents/test-state-agent/a/echo HTTP/1.1\r\nhost: x\r\n";
        stream.write_all(format!("{head}{rest}").as_bytes()).await.unwrap();
        drop(stream);
    }
    assert_unharmed(&place, &mut host).await;
}

/// Names as they stand in a path, and whether they are names.
fn names() -> Vec<(String, bool)> {
    let mut names: Vec<(String, bool)> = [
        "..",
        ".",
        "...",
        "%2e%2e",
        "%2e%2e%2f..",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2fetc%2fpasswd",
        "a%2fb",
        "a%5cb",
        "C:%5cx",
        "A",
        "a",
        "%25",
        "%zz",
        "%",
        "%F0%9F%A6%8A",
        "%20",
        "a.sqlite3",
        "x.sqlite3-wal",
        "con",
        "'%22%3b%20DROP%20TABLE%20instances",
        "~",
        "-",
        "*",
        "sub",
        "%C3%A4",
        "a%CC%88",
        "%E2%80%AE",
        "%EF%BB%BF",
    ]
    .into_iter()
    .map(|name| (name.to_owned(), true))
    .collect();
    names.push(("x".repeat(255), true));
    names.push(("%C3%A9".repeat(127), true));
    for invalid in ["%00", "a%00b", "%ff", "%C3%28", "%0a", "%1f", "%7f", "%C2%85", "%ED%A0%80"] {
        names.push((invalid.to_owned(), false));
    }
    names.push(("x".repeat(256), false));
    names.push(("x".repeat(10_000), false));
    names.push(("%F0%9F%A6%8A".repeat(64), false));
    names
}

#[tokio::test]
async fn names_of_all_kinds_stay_inside_the_data_folder() {
    let place = Place::new();
    let mut host = place.start();
    let mut counts = HashMap::new();
    for above in ["", "test-parent-agent/p/sub/", "test-parent-agent/%2e%2e/sub/"] {
        let agent = if above.is_empty() { "counter-agent" } else { "counter-sub-agent" };
        for (name, valid) in names() {
            let path = format!("{above}{agent}/{name}");
            let shown = &path[..path.len().min(100)];
            let (status, body) = host.get(&format!("/agents/{path}")).await;
            let opened = support::connect(&host.address, &path).await;
            if valid {
                assert_eq!(status, 404, "{shown}: {body}");
                let instance: Vec<u8> = percent_decode_str(&path).collect();
                let count: &mut i64 = counts.entry(instance).or_default();
                *count += 1;
                let answer = opened.unwrap().result("increment", json!([])).await;
                assert_eq!(answer, *count, "{shown} is an instance of its own");
            } else {
                assert_eq!(status, 400, "{shown}: {body}");
                let body: Value = serde_json::from_str(&body).expect(&body);
                assert_eq!(body["error"]["code"], "invalid_name", "{shown}: {body}");
                let Err(Lost::Http(refusal)) = opened else { panic!("{shown} was taken") };
                assert_eq!(refusal.status(), 400, "{shown}");
            }
        }
    }
    // An agent's name is one of a list, and a connection's id is never a path.
    for agent in ["..", "%2e%2e", "%00", "%ff", "%2f", "counter-agent%00", "Counter-Agent", "sub"] {
        let (status, body) = host.get(&format!("/agents/{agent}/a")).await;
        assert_eq!(status, 400, "{agent}: {body}");
        let (status, body) = host.get(&format!("/agents/test-parent-agent/a/sub/{agent}/a")).await;
        assert!(matches!(status, 400 | 404), "{agent}: {status} {body}");
    }
    for id in ["..%2f..%2fx", "%00", "%ff", "%", &"x".repeat(5_000), "a&_pk=b", "&&==&"] {
        let mut client = host.connect(&format!("counter-agent/q?_pk={id}")).await;
        assert_eq!(client.call("echo", json!([1])).await["result"], 1);
    }
    for path in ["/", "/agents", "/agents/", "/agents/counter-agent", "/agents//a", "//", "*"] {
        let (status, body) = host.get(path).await;
        assert!(matches!(status, 400 | 404), "{path}: {status} {body}");
    }
    assert_unharmed(&place, &mut host).await;
    host.kill();
    assert_tidy(&place);
}

/// There is nothing but what belongs there, under names that mean the same everywhere.
fn assert_tidy(place: &Place) {
    let entries = |folder: &std::path::Path| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(entries(place.root()), ["data", "stderr.txt"].map(str::to_owned).into());
    for entry in entries(&place.data()) {
        let known = ["agents", "domovoi.lock", "states-1.log"].contains(&entry.as_str());
        assert!(known || entry.starts_with("agents.sqlite3"), "{entry}");
    }
    let agents = entries(&place.data().join("agents"));
    assert_eq!(agents, ["counter-agent", "test-parent-agent"].map(str::to_owned).into());
    let files = files_below(&place.data().join("agents"));
    assert!(files.len() >= 3 * 30, "{}", files.len());
    for file in files {
        assert!(file.starts_with(place.data()));
        let name = file.file_name().unwrap().to_str().unwrap();
        let (stem, ending) = name.split_once('.').unwrap();
        assert!(["sqlite3", "sqlite3-wal", "sqlite3-shm", "name"].contains(&ending), "{name}");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "%-_".contains(c);
        assert!(stem.chars().all(plain) && name.len() < 255, "{name}");
    }
}
