//! The tool `fetch_page`, against real servers on this machine.

use std::net::SocketAddr;

use axum::{
    Router,
    http::{StatusCode, header::CONTENT_TYPE},
    response::Redirect,
    routing::get,
};
use domovoi_tools::FetchPage;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};

use crate::support::call;

/// A server whose address is told, and each request that has reached the page `/secret`.
async fn serve() -> (SocketAddr, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let port = address.port();
    let (reached, requests) = mpsc::unbounded_channel();
    let to = move |host: &str| {
        let url = format!("http://{host}:{port}/secret");
        get(move || async move { Redirect::temporary(&url) })
    };
    let page = |media_type: &'static str, body: Vec<u8>| {
        get(move || async move { ([(CONTENT_TYPE, media_type)], body) })
    };
    let html = "<title>T</title><h1>Tea</h1><p>See <a href='/more'>more</a>.<script>x()</script>";
    let app = Router::new()
        .route("/", page("text/html; charset=utf-8", html.into()))
        .route("/latin", page("text/html", b"<meta charset=iso-8859-2><p>\xb9koda".into()))
        .route("/plain", page("text/plain", b"as it is <b>".into()))
        .route("/long", page("text/plain", "äb".repeat(10_000).into()))
        .route("/huge", page("text/plain", vec![b'x'; 2_000_001]))
        .route("/deep", page("text/html", "<div>".repeat(300_000).into()))
        .route("/bold", page("text/html", "<b>".repeat(300_000).into()))
        .route("/image", page("image/png", b"\x89PNG".into()))
        .route("/binary", page("text/plain", b"a\0b".into()))
        .route("/pdf", page("application/pdf", b"%PDF-1.4".into()))
        .route("/missing", get(|| async { StatusCode::NOT_FOUND }))
        .route("/moved", get(|| async { Redirect::permanent("/plain") }))
        .route("/loop", get(|| async { Redirect::temporary("/loop") }))
        .route("/to-file", get(|| async { Redirect::temporary("file:///etc/passwd") }))
        .route("/to-name", to("localhost"))
        .route("/to-number", to("0x7f.2"))
        .route("/to-mapped", to("[::ffff:127.0.0.1]"))
        .route("/to-zero", to("0.0.0.0"))
        .route(
            "/secret",
            get(move || async move {
                reached.send(()).unwrap();
                "secret"
            }),
        );
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, requests)
}

async fn fetch(address: SocketAddr, path: &str) -> Result<Value, String> {
    let tool = FetchPage::new().allow_hosts(["127.0.0.1"]);
    call(tool, json!({ "url": format!("http://{address}{path}") })).await
}

#[tokio::test]
async fn pages_become_text() {
    let (address, _requests) = serve().await;
    let page = fetch(address, "/").await.unwrap();
    let text = page["text"].as_str().unwrap();
    assert!(text.starts_with("# Tea"), "{text}");
    assert!(text.contains("[more][1]") && text.contains("[1]: /more"), "{text}");
    assert!(!text.contains("x()"), "{text}");
    assert_eq!(fetch(address, "/latin").await.unwrap()["text"], "škoda\n");
    let moved = fetch(address, "/moved").await.unwrap();
    assert_eq!(moved, json!({ "url": format!("http://{address}/plain"), "text": "as it is <b>" }));
}

#[tokio::test]
async fn a_long_page_is_read_piece_by_piece() {
    let (address, _requests) = serve().await;
    let (mut all, mut start) = (String::new(), json!(0));
    while !start.is_null() {
        let tool = FetchPage::new().allow_hosts(["127.0.0.1"]);
        let url = format!("http://{address}/long");
        let page = call(tool, json!({ "url": url, "start": start })).await.unwrap();
        all.push_str(page["text"].as_str().unwrap());
        start = page["nextStart"].clone();
    }
    assert_eq!(all, "äb".repeat(10_000));
}

#[tokio::test]
async fn what_is_no_page_is_told_in_words() {
    let (address, _requests) = serve().await;
    for (path, expected) in [
        ("/missing", "404"),
        ("/huge", "larger than 2 MB"),
        ("/deep", "too complex"),
        ("/bold", "too complex"),
        ("/image", "image/png cannot be read"),
        ("/binary", "cannot be read"),
        ("/pdf", "attach it"),
        ("/loop", "more than 5 times"),
    ] {
        let error = fetch(address, path).await.unwrap_err();
        assert!(error.contains(expected), "{path}: {error}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let error = fetch(closed, "/").await.unwrap_err();
    assert!(error.contains("cannot be reached"), "{error}");
}

#[tokio::test]
async fn hosts_that_are_not_public_are_refused_before_they_see_a_request() {
    let (address, mut requests) = serve().await;
    let port = address.port();
    for (url, expected) in [
        (format!("http://127.0.0.1:{port}/secret"), "public internet"),
        (format!("http://localhost:{port}/secret"), "public internet"),
        (format!("http://LOCALHOST:{port}/secret"), "public internet"),
        (format!("http://2130706433:{port}/secret"), "public internet"),
        (format!("http://0x7f.1:{port}/secret"), "public internet"),
        (format!("http://0177.0.0.1:{port}/secret"), "public internet"),
        (format!("http://127.1:{port}/secret"), "public internet"),
        (format!("http://0.0.0.0:{port}/secret"), "public internet"),
        (format!("http://[::1]:{port}/secret"), "public internet"),
        (format!("http://[::ffff:127.0.0.1]:{port}/secret"), "public internet"),
        (format!("http://user:word@127.0.0.1:{port}/secret"), "user or password"),
        ("http://169.254.169.254/latest/meta-data".to_owned(), "public internet"),
        ("http://192.168.0.1/".to_owned(), "public internet"),
        ("http://[fd00::1]/".to_owned(), "public internet"),
        ("file:///etc/passwd".to_owned(), "Only http and https"),
        ("ftp://example.com/".to_owned(), "Only http and https"),
        ("example".to_owned(), "no address of a page"),
    ] {
        let error = call(FetchPage::new(), json!({ "url": url })).await.unwrap_err();
        assert!(error.contains(expected), "{url}: {error}");
    }
    assert!(requests.try_recv().is_err(), "a request has reached the server");
}

#[tokio::test]
async fn a_redirect_leads_to_no_host_that_is_not_public() {
    let (address, mut requests) = serve().await;
    for path in ["/to-name", "/to-number", "/to-mapped", "/to-zero"] {
        let error = fetch(address, path).await.unwrap_err();
        assert!(error.contains("public internet"), "{path}: {error}");
    }
    let error = fetch(address, "/to-file").await.unwrap_err();
    assert!(!error.contains("root:"), "{error}");
    assert!(requests.try_recv().is_err(), "a request has reached the server");
}

#[tokio::test]
async fn a_name_may_be_allowed() {
    let (address, mut requests) = serve().await;
    let tool = FetchPage::new().allow_hosts(["localhost"]);
    let url = format!("http://localhost:{}/secret", address.port());
    assert_eq!(call(tool, json!({ "url": url })).await.unwrap()["text"], "secret");
    requests.try_recv().unwrap();
}
