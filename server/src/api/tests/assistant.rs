//! The assistant as a model, and answers that end early.

use domovoi_models::{
    ModelError, ModelMessage,
    testing::{Gate, Script},
};
use domovoi_protocol::UiMessage;
use serde_json::{Value, json};

use super::deltas;
use crate::{
    agents::Assistant,
    people::{Role, Scope},
    testing::{Bench, says, send},
};

const CONFIG: &str = "instructions = 'Be kind.'\nbuiltin_tools = ['calculator']";
const ALL: [Scope; 2] = [Scope::Models, Scope::Agents];

async fn bench(scripts: impl IntoIterator<Item = Script>) -> (Bench, String) {
    let bench = Bench::start(CONFIG, scripts).await;
    let token = bench.token("test", None, &ALL);
    (bench, token)
}

async fn history(bench: &Bench, conversation: &str) -> Vec<UiMessage> {
    let conversation = bench.homes.owner().agents().get::<Assistant>(conversation).unwrap();
    conversation.run(|_, cx| async move { cx.messages() }).await.unwrap().unwrap()
}

fn content(body: &Value) -> &str {
    body["choices"][0]["message"]["content"].as_str().unwrap()
}

#[tokio::test]
async fn its_tools_run_on_the_server_and_nothing_is_kept() {
    let looks = Script::new()
        .text("Let me see.")
        .tool_call("1", "calculator", r#"{"expression":"6*7"}"#)
        .wait_for_tools();
    let (bench, token) = bench([looks, says("It is 42.")]).await;
    let body = bench.ask(&token, json!({"model": "assistant"})).await.json();
    assert_eq!(content(&body), "Let me see.\n\nIt is 42.");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["choices"][0]["message"].get("tool_calls"), None);
    let requests = bench.model.requests();
    assert!(matches!(&requests[0].messages[0],
        ModelMessage::System { content } if content.starts_with("Be kind.")));
    assert!(matches!(requests[1].messages.last(),
        Some(ModelMessage::Tool { content, .. }) if content.contains("42")));
}

#[tokio::test]
async fn a_programs_own_tools_are_its_to_run() {
    let calls = Script::new().tool_call("1", "look", r#"{"at":"sky"}"#).wait_for_tools();
    let (bench, token) = bench([calls, says("Blue.")]).await;
    let tools = json!([{"type": "function", "function": {"name": "look"}}]);
    let asked = json!({"model": "assistant", "tools": tools, "stream": true});
    let text = bench.ask(&token, asked).await.text;
    let (said, done) = deltas(&text);
    assert!(done, "{text}");
    let call = said.iter().find_map(|delta| delta.get("tool_calls")).unwrap();
    assert_eq!(call[0]["function"], json!({"name": "look", "arguments": r#"{"at":"sky"}"#}));
    assert!(text.contains(r#""finish_reason":"tool_calls""#), "{text}");

    let messages = json!([
        {"role": "user", "content": "What colour?"},
        {"role": "assistant", "tool_calls": [{"id": "1", "type": "function",
            "function": {"name": "look", "arguments": "{\"at\":\"sky\"}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": "blue"},
    ]);
    let asked = json!({"model": "assistant", "tools": tools, "messages": messages});
    assert_eq!(content(&bench.ask(&token, asked).await.json()), "Blue.");
    let told = bench.model.requests().remove(1).messages;
    assert!(matches!(told.last(), Some(ModelMessage::Tool { content, .. }) if content == "blue"));
}

#[tokio::test]
async fn a_conversation_goes_on_where_it_was() {
    let scripts = [says("Hello, Anna."), says("Anna."), says("Still Anna.")];
    let (bench, token) = bench(scripts).await;
    let say =
        |text: &str| json!({"model": "assistant", "messages": [{"role": "user", "content": text}]});
    let in_talk = |body| bench.asks(&token, body).header("X-Domovoi-Conversation", "talk");
    let body = send(in_talk(say("I am Anna."))).await.json();
    assert_eq!(content(&body), "Hello, Anna.");
    let mut asked = say("Who am I?");
    asked["stream"] = true.into();
    let text = send(in_talk(asked)).await.text;
    let (said, done) = deltas(&text);
    assert!(done && said.iter().any(|delta| delta["content"] == "Anna."), "{text}");
    assert_eq!(bench.model.requests()[1].messages.len(), 4, "instructions and what was said");
    // The field `user` names one as well.
    let mut asked = say("And now?");
    asked["user"] = "talk".into();
    bench.ask(&token, asked).await;
    let kept = history(&bench, "talk").await;
    let texts: Vec<_> = kept.iter().map(UiMessage::text).collect();
    assert_eq!(texts[3..], ["Anna.", "And now?", "Still Anna."]);
    assert!(kept.iter().all(|it| it.metadata.as_ref().is_none_or(|it| it.get("turn").is_none())));
}

#[tokio::test]
async fn who_hangs_up_stops_the_turn_and_what_is_written_stays() {
    let gate = Gate::new();
    let (bench, token) = bench([Script::new().text("Half").gate(&gate).text(" done").stop()]).await;
    let asked = json!({"model": "assistant", "stream": true, "user": "talk"});
    let mut response = bench.asks(&token, asked).send().await.unwrap();
    let mut seen = String::new();
    while !seen.contains("Half") {
        seen.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    gate.reached(1).await;
    drop(response);
    bench.model.abandoned(1).await;
    // The turn after it begins when it is stored.
    bench.model.push(says("Next"));
    bench.ask(&token, json!({"model": "assistant", "user": "talk"})).await;
    let kept = history(&bench, "talk").await;
    assert_eq!(kept[1].text(), "Half");
    assert_eq!(kept[1].metadata.as_ref().unwrap()["turn"]["outcome"], "aborted");
}

#[tokio::test]
async fn a_stop_ends_the_answer_and_the_model() {
    let gate = Gate::new();
    let (bench, token) =
        bench([Script::new().text("one EN").text("D two").gate(&gate).stop()]).await;
    let body = bench.ask(&token, json!({"stop": "END"})).await.json();
    assert_eq!(content(&body), "one ");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    bench.model.abandoned(1).await;
}

#[tokio::test]
async fn what_the_assistant_cannot_do_is_refused() {
    let (bench, token) = bench([Script::refuse(ModelError::Loading)]).await;
    for (body, param) in [
        (json!({"response_format": {"type": "json_object"}}), "response_format"),
        (json!({"tool_choice": "required"}), "tool_choice"),
        (json!({"user": "talk", "messages": [{"role": "system", "content": "x"}]}), "messages"),
        (
            json!({"user": "talk", "tools": [{"type": "function", "function": {"name": "a"}}]}),
            "tools",
        ),
        (json!({"user": "no\nname"}), "x-domovoi-conversation"),
        (
            json!({"messages": [{"role": "tool", "tool_call_id": "9", "content": "x"}]}),
            "messages[0].tool_call_id",
        ),
    ] {
        let mut asked = body.clone();
        asked["model"] = "assistant".into();
        let answer = bench.ask(&token, asked).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["error"]["param"], param, "{body}");
    }
    let answer = bench.ask(&token, json!({"model": "assistant"})).await;
    assert_eq!(answer.status, 503, "what a model fails with has its status");
}

#[tokio::test]
async fn it_is_that_of_whoever_has_the_token() {
    let bench = Bench::start(CONFIG, [says("To Anna."), says("To Bob.")]).await;
    bench.add("anna", Role::Owner);
    bench.add("bob", Role::Member);
    let (annas, bobs) = (bench.token("a", Some("anna"), &ALL), bench.token("b", Some("bob"), &ALL));
    for token in [&annas, &bobs] {
        bench.ask(token, json!({"model": "assistant", "user": "talk"})).await;
    }
    let texts: Vec<_> = history(&bench, "talk").await.iter().map(UiMessage::text).collect();
    assert_eq!(texts, ["Hi", "To Anna."]);
    assert_eq!(bench.model.requests()[1].metadata.user.as_deref(), Some("bob"));
}
