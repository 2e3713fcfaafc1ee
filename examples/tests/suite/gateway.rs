use std::{fs, process::Command};

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

use crate::support::{self, Example};

const PROGRAM: &str = env!("CARGO_BIN_EXE_gateway");

/// An endpoint of two models: `busy` has no time, `small` repeats the question.
async fn endpoint() -> String {
    async fn complete(Json(request): Json<Value>) -> Response {
        if request["model"] == "busy" {
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "600")]).into_response();
        }
        let question = request["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        let choice = json!({"index": 0, "delta": {"content": question}, "finish_reason": "stop"});
        let usage = json!({"prompt_tokens": 1000, "completion_tokens": 500});
        let chunks = [json!({"choices": [choice]}), json!({"choices": [], "usage": usage})];
        let body: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        ([("content-type", "text/event-stream")], body).into_response()
    }
    support::endpoint(post(complete)).await
}

/// What `domovoi log` prints.
fn log(folder: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(PROGRAM).args(["log", "--data-dir", folder]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn entries(folder: &str, arguments: &[&str]) -> Vec<Value> {
    let text = log(folder, &[arguments, &["--json"]].concat());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn column(entries: &[Value], name: &str) -> Vec<String> {
    entries.iter().map(|entry| entry[name].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_route_falls_back_counts_remembers_and_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let endpoint = endpoint().await;
    let config = folder.path().join("domovoi.toml");
    let text = format!(
        r#"
        [providers.here]
        base_url = "{endpoint}"

        [models]
        default = ["here/small"]
        fast = ["here/busy", "here/small"]

        [prices]
        "here/small" = {{ input = 1.0, output = 2.0 }}

        [limits.agents.namer]
        requests_per_day = 2
        "#
    );
    fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data, "--config", config];
    assert!(log(data, &[]).contains("No model was asked yet"));
    let example = Example::start(PROGRAM, &serve, crate::NO_ENDPOINT);
    let namer = example.connect("namer", "n");
    namer.start();
    let suggest = async |thing: &str| namer.call::<String>("suggest", ("Ada", thing)).await;
    assert!(suggest("a boat").await.unwrap().contains("a boat"));
    assert!(suggest("a boat").await.unwrap().contains("a boat"));
    assert!(suggest("a dog").await.unwrap().contains("a dog"));
    let refused = suggest("a cat").await.unwrap_err().to_string();
    assert!(refused.contains("All of this agent's 2 requests for today are used up"), "{refused}");

    // While the server runs.
    let of_namer = entries(data, &["--agent", "namer"]);
    assert_eq!(column(&of_namer, "outcome"), ["answered", "cached", "answered", "refused"]);
    assert_eq!(column(&of_namer, "model")[..3], ["here/small", "here/small", "here/small"]);
    assert_eq!(column(&of_namer, "user"), ["Ada"; 4]);
    assert_eq!(of_namer[0]["attempts"], 2);
    assert_eq!(of_namer[0]["cost"], 0.002);
    assert!(log(data, &["--outcome", "refused"]).contains("refused"));

    // The assistant asks by the route `default`; what a person thinks of the answer stands by it.
    let message = example.ask("Hello").await.id;
    let assistant = example.connect("assistant", "a");
    assistant.start();
    let feedback = async |id: &str| {
        assistant.call::<Value>("feedback", (id, "up", Some("Quick!"))).await.is_ok()
    };
    assert!(feedback(&message).await);
    assert!(!feedback("another").await);
    let of_assistant = entries(data, &["--agent", "assistant"]);
    assert_eq!(column(&of_assistant, "messageId"), [message]);
    let opinion = json!([{"rating": "up", "comment": "Quick!", "user": null}]);
    assert_eq!(of_assistant[0]["feedback"], opinion);

    assert!(log(data, &["prune", "--requests", "0"]).contains("0 requests are forgotten"));
    assert_eq!(entries(data, &[]).len(), 5, "limits are counted with those of today");
}

/// What the person at the terminal reads.
#[test]
fn mistakes_in_routes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let config = folder.path().join("domovoi.toml");
    for (text, expected) in [
        ("[models]\nfast = [\"nobody/x\"]", "the route `fast` names `nobody/x`"),
        ("[models]\nfast = [\"gpt\"]", "which is no model"),
        ("[models]\nfast = []", "names no model"),
        ("[providers.p]\n[models]\ndefault = [\"p/x\"]", "the provider `p` has no address"),
        (
            "[providers.openai]\napi_key_env = \"NO_SUCH_KEY\"\n[models]\ndefault = [\"openai/x\"]",
            "the variable NO_SUCH_KEY, which is not set",
        ),
    ] {
        fs::write(&config, text).unwrap();
        let output = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()])
            .args(["--config", config.to_str().unwrap()])
            .env("DOMOVOI_MODEL", "scripted")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(expected), "{told}");
    }
}
