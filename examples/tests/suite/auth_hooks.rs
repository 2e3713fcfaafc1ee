use reqwest::Method;
use serde_json::{Value, json};

use crate::{observer::Observer, support::Example};

async fn ask(example: &Example, path: &str, token: &str) -> (u16, String) {
    let mut request = reqwest::Client::new().get(example.url(path));
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn start() -> (tempfile::TempDir, Example) {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [folder.path().to_str().unwrap()];
    let example = Example::start(env!("CARGO_BIN_EXE_auth_hooks"), &arguments, "");
    (folder, example)
}

#[tokio::test]
async fn hooks_let_in_or_refuse() {
    let (_folder, example) = start();
    let desk = "/v1/agents/desk/ada";
    assert_eq!(ask(&example, desk, "").await.0, 401);
    assert_eq!(ask(&example, desk, "mallory").await.0, 401);
    let (status, body) = ask(&example, desk, "bob").await;
    assert_eq!((status, body.as_str()), (403, r#"{"error":"not your desk"}"#));
    let (status, body) = ask(&example, desk, "ada").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, body), (200, json!({"desk": "ada", "user": "ada", "admin": false})));
    let (_, body) = ask(&example, desk, "root").await;
    assert!(body.contains(r#""user":"root""#), "{body}");

    let options = example.options("desk", "ada").base(example.url("/v1"));
    let ada = Observer::connect(options.clone().query("token", "ada")).client;
    assert_eq!(ada.call::<String>("who", ()).await.unwrap(), "ada");
    let mut bob = Observer::connect(options.query("token", "bob"));
    assert!(bob.closed().await.1.contains("403"));
}

#[tokio::test]
async fn routes_of_ones_own() {
    let (_folder, example) = start();
    assert_eq!(ask(&example, "/desk", "").await.0, 401);
    let (status, body) = ask(&example, "/desk", "bob").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, body), (200, json!({"desk": "bob", "user": "bob", "admin": false})));
    assert_eq!(ask(&example, "/desk/bob/visits", "ada").await.0, 403);
    assert_eq!(ask(&example, "/desk/bob/visits", "bob").await, (200, "1 visits".to_owned()));
    let (status, body) = ask(&example, "/agents/desk/ada", "ada").await;
    assert_eq!((status, body.as_str()), (404, r#"{"msg":"no agent here"}"#));
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_but_for_those_allowed() {
    let (_folder, example) = start();
    let url = example.url("/v1/agents/desk/ada");
    let from = async |method: Method, origin: &str| {
        let request = reqwest::Client::new().request(method, &url);
        let request = request.header("origin", origin).header("authorization", "Bearer ada");
        request.header("access-control-request-method", "GET").send().await.unwrap()
    };
    let allowed = from(Method::GET, "https://app.example.com").await;
    assert_eq!(allowed.status(), 200);
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://app.example.com");
    let preflight = from(Method::OPTIONS, "https://app.example.com").await;
    assert_eq!(preflight.status(), 200);
    assert_eq!(from(Method::GET, "https://evil.example.com").await.status(), 403);
}
