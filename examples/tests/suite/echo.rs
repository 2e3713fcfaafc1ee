use domovoi_client::ClientEvent;

use crate::{observer::Observer, serve};

#[tokio::test]
async fn echoes_and_tells_of_errors_and_of_those_who_leave() {
    let (_folder, example) = serve(env!("CARGO_BIN_EXE_echo"));
    let mut ada = Observer::connect(example.options("echo", "main"));
    ada.client.send_text("hello").unwrap();
    assert_eq!(ada.text().await, "hello");
    ada.client.send_binary([1, 2]).unwrap();
    let bytes = ada.next(|event| match event {
        ClientEvent::Binary(bytes) => Some(bytes),
        _ => None,
    });
    assert_eq!(bytes.await, [1, 2]);
    ada.client.send_text("").unwrap();
    assert_eq!(ada.text().await, "error: nothing to send back");

    let mut bob = Observer::connect(example.options("echo", "main").connection_id("bob"));
    bob.client.send_text("hi").unwrap();
    assert_eq!(bob.text().await, "hi");
    bob.client.close();
    assert_eq!(ada.text().await, r#"bob has left (1000 "", clean: true)"#);

    let mut late = Observer::connect(example.options("echo", "main").query("room", "full"));
    assert_eq!(late.closed().await, (4003, "this room is full".to_owned()));
}
