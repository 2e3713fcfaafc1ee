//! What tokens are good for, at the API and at the gate to agents.

use http::{Method, header};
use serde_json::{Value, json};

use crate::{
    people::{By, Role, Scope, now},
    testing::{Bench, says, send},
};

fn ids(list: &Value) -> Vec<&str> {
    let data = list["data"].as_array().unwrap().iter();
    data.map(|model| model["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_token_is_good_for_its_scopes_and_for_its_time() {
    let bench = Bench::start("", []).await;
    let get =
        |path: &'static str, token: &str| send(bench.request(Method::GET, path).bearer_auth(token));
    for (scopes, expected) in [
        (&[Scope::Models][..], &["default"][..]),
        (&[Scope::Agents], &["assistant"]),
        (&[Scope::Read], &["assistant", "default"]),
    ] {
        let token = bench.token(scopes[0].name(), None, scopes);
        assert_eq!(ids(&get("/v1/models", &token).await.json()), expected);
    }
    let narrow = bench.token("narrow", None, &[Scope::Models]);
    assert_eq!(get("/v1/models/default", &narrow).await.status, 200);
    assert_eq!(get("/v1/models/assistant", &narrow).await.status, 404);
    let refused = bench.ask(&narrow, json!({"model": "assistant"})).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]["code"]),
        (403, &json!("insufficient_permissions"))
    );
    let agents = bench.token("agents-only", None, &[Scope::Agents]);
    assert_eq!(bench.ask(&agents, json!({})).await.status, 403);

    let by = By::command_line();
    let over = bench.people.add_token(&by, "over", None, &[Scope::Models], Some(now() - 1), 0);
    for token in [over.unwrap().as_str(), "dmv_wrong", ""] {
        let answer = get("/v1/models", token).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), "Bearer realm=\"domovoi\"");
    }
    bench.people.revoke_token(&by, "narrow").unwrap();
    assert_eq!(get("/v1/models", &narrow).await.status, 401);
}

#[tokio::test]
async fn tokens_open_the_gate_to_the_agents_of_whose_they_are() {
    let bench = Bench::start("", [says("Zanzibar City.")]).await;
    bench.add("anna", Role::Owner);
    bench.add("bob", Role::Member);
    let of = |name: &str, person: &str, scope| bench.token(name, Some(person), &[scope]);
    let all = of("all", "anna", Scope::Agents);
    let reads = of("reads", "anna", Scope::Read);
    let models = of("models", "anna", Scope::Models);
    let bobs = of("bobs", "bob", Scope::Agents);
    let said = bench.ask(&all, json!({"model": "assistant", "user": "talk"})).await;
    assert_eq!(said.status, 200, "{}", said.text);

    let messages = "/agents/assistant/talk/get-messages";
    let get =
        |path: &'static str, token: &str| send(bench.request(Method::GET, path).bearer_auth(token));
    for token in [&all, &reads] {
        let answer = get(messages, token).await;
        assert!(answer.status == 200 && answer.text.contains("Zanzibar"), "{answer:?}");
    }
    assert!(!get(messages, &bobs).await.text.contains("Zanzibar"));
    assert_eq!(get(messages, &models).await.status, 403);
    assert_eq!(get(messages, "dmv_wrong").await.status, 401);
    // Nor is a token good for pages and for accounts, or one that reads for anything else.
    assert_eq!(get("/", &all).await.status, 403);
    assert_eq!(get("/account", &all).await.status, 401);
    let post = |token: &str| {
        let path = "/agents/assistant/talk/files?name=a.txt";
        send(bench.request(Method::POST, path).bearer_auth(token).body("x"))
    };
    assert_eq!(post(&reads).await.status, 403);
    assert_eq!(post(&all).await.status, 201);
    let socket = bench.request(Method::GET, "/agents/assistant/talk").bearer_auth(&reads);
    let socket = socket.header(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(send(socket).await.status, 403);
}

#[tokio::test]
async fn a_preflight_shows_nothing_and_needs_nothing() {
    let origin = "http://localhost:5173";
    let bench = Bench::start(&format!("allowed_origins = ['{origin}']"), []).await;
    bench.add("anna", Role::Owner);
    let ask = |path: &'static str, origin: &'static str| {
        let request = bench.request(Method::OPTIONS, path).header(header::ORIGIN, origin);
        let request = request.header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
        send(request.header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization"))
    };
    for path in ["/agents/assistant/talk/get-messages", "/v1/chat/completions", "/v1/models"] {
        let answer = ask(path, "http://localhost:5173").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), origin, "{path}");
        assert_eq!(answer.header(header::ACCESS_CONTROL_ALLOW_HEADERS), "authorization", "{path}");
        let answer = ask(path, "http://evil.example").await;
        assert_eq!(answer.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "", "{path}");
    }
    // It is no way in: what comes after it wants a token, and says so in a way the page can read.
    let bare = bench.request(Method::GET, "/v1/models").header(header::ORIGIN, origin);
    let bare = send(bare).await;
    assert_eq!(bare.status, 401);
    assert_eq!(bare.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), origin);
    let path = "/agents/assistant/talk/get-messages";
    for (origin, allowed) in [(origin, origin), ("http://evil.example", "")] {
        let refused = bench.request(Method::GET, path).header(header::ORIGIN, origin);
        let refused = send(refused).await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), allowed);
    }
    let other = bench.request(Method::OPTIONS, "/agents/assistant/talk");
    assert_eq!(send(other).await.status, 401);
}
