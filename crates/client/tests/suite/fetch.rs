//! HTTP requests to an agent, natively.

#![cfg(feature = "http")]
use domovoi_client::{AgentOptions, ClientError, FetchRequest, agent_fetch, fetch_messages};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// Answers one request and returns its text.
async fn serve(listener: &TcpListener, status: &str, body: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !String::from_utf8_lossy(&request).contains("\r\n\r\n") {
        assert!(stream.read_buf(&mut request).await.unwrap() > 0);
    }
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await.unwrap();
    String::from_utf8(request).unwrap()
}

#[tokio::test]
async fn requests_reach_the_agent_and_errors_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("ws://{}", listener.local_addr().unwrap());
    let options = AgentOptions::new("MyAgent", "n").base(base).query("k", "v");

    let history = r#"[{"id":"u","role":"user","parts":[{"type":"text","text":"Hi"}]}]"#;
    let (messages, request) =
        tokio::join!(fetch_messages(&options), serve(&listener, "200 OK", history));
    assert_eq!(messages.unwrap()[0].text(), "Hi");
    assert!(request.starts_with("GET /agents/my-agent/n/get-messages?k=v HTTP/1.1\r\n"));

    let post = FetchRequest::post_json(&json!({"a": 1})).header("x-test", "yes");
    let (response, request) = tokio::join!(
        agent_fetch(&options, "/sub", post),
        serve(&listener, "404 Not Found", "Not implemented")
    );
    let response = response.unwrap();
    assert_eq!((response.status, response.body.as_str()), (404, "Not implemented"));
    assert!(matches!(response.json::<()>(), Err(ClientError::Status { status: 404, .. })));
    assert!(request.starts_with("POST /agents/my-agent/n/sub?k=v "));
    assert!(request.contains("x-test: yes\r\n"));
}
