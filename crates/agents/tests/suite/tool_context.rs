//! What a tool is told: its turn, its end, the services; and what a model is told of wrong arguments.

use std::sync::{Arc, Mutex};

use domovoi_agents::prelude::*;
use domovoi_models::{
    LanguageModel, ModelMessage,
    testing::{Script, ScriptedModel},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::{Client, Server, config};

#[derive(Clone)]
struct Clerk {
    model: Arc<ScriptedModel>,
}

#[agent]
impl Clerk {}

impl AiChatAgent for Clerk {
    async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        let model: Arc<dyn LanguageModel> = self.model.clone();
        Ok(StreamText::new(model)
            .for_turn(cx, &turn)
            .messages(&cx.messages()?)
            .tool(look_around)
            .tool(answers)
            .tool(is_slow)
            .tool(waits)
            .tool(order)
            .into_reply())
    }
}

/// What the tools leave behind for the test.
struct Desk {
    tokens: Mutex<Vec<CancellationToken>>,
    ended: mpsc::UnboundedSender<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

/// Tells what it sees.
#[tool]
async fn look_around(_nothing: Nothing, cx: ToolContext) -> Result<Value> {
    let texts: Vec<String> = cx.messages().iter().map(|message| message.text()).collect();
    let desk = cx.service::<Desk>().is_some();
    let nobody = cx.service::<String>().is_none();
    Ok(json!([cx.tool_call_id, cx.request_id(), texts, desk, nobody]))
}

/// Leaves its token behind, and somebody who tells when it is cancelled.
fn watch(name: &str, cx: &ToolContext) {
    let (abort, name, desk) = (cx.abort().clone(), name.to_owned(), cx.service::<Desk>().unwrap());
    desk.tokens.lock().unwrap().push(abort.clone());
    tokio::spawn(async move {
        abort.cancelled().await;
        desk.ended.send(name).unwrap();
    });
}

/// Answers at once.
#[tool]
async fn answers(_nothing: Nothing, cx: ToolContext) -> Result<bool> {
    watch("answers", &cx);
    Ok(cx.abort().is_cancelled())
}

/// Takes longer than it may.
#[tool(timeout_seconds = 1)]
async fn is_slow(_nothing: Nothing, cx: ToolContext) -> Result<()> {
    watch("is_slow", &cx);
    std::future::pending().await
}

/// Waits until it is stopped.
#[tool]
async fn waits(_nothing: Nothing, cx: ToolContext) -> Result<()> {
    watch("waits", &cx);
    cx.progress(&"waiting")?;
    std::future::pending().await
}

#[derive(Deserialize, JsonSchema)]
struct Order {
    items: Vec<Item>,
    delivery: Option<Delivery>,
}

#[derive(Deserialize, JsonSchema)]
struct Item {
    price: f64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Delivery {
    Post,
    Courier,
}

/// Orders things.
#[tool]
async fn order(order: Order) -> Result<String> {
    let sum: f64 = order.items.iter().map(|item| item.price).sum();
    let way = match order.delivery {
        Some(Delivery::Post) => "by post",
        Some(Delivery::Courier) => "by courier",
        None => "to be fetched",
    };
    Ok(format!("{sum}, {way}"))
}

struct Chat {
    _folder: tempfile::TempDir,
    model: Arc<ScriptedModel>,
    server: Server,
    desk: Arc<Desk>,
    ended: mpsc::UnboundedReceiver<String>,
}

impl Chat {
    async fn start(scripts: impl IntoIterator<Item = Script>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = Arc::new(ScriptedModel::new(scripts));
        let clerk = Clerk { model: Arc::clone(&model) };
        let (sender, ended) = mpsc::unbounded_channel();
        let builder = Agents::builder(config(folder.path()))
            .service(Desk { tokens: Mutex::default(), ended: sender })
            .chat_agent_with(move || clerk.clone());
        let server = Server::start(builder).await;
        let desk = server.agents.service::<Desk>().unwrap();
        Self { _folder: folder, model, server, desk, ended }
    }

    async fn ask(&self) -> Client {
        let mut client = self.server.connect("clerk/x").await;
        let text = json!({"type": "text", "text": "go on"});
        let message = json!({"id": "q", "role": "user", "parts": [text]});
        let body = json!({"messages": [message], "trigger": "submit-message"});
        let init = json!({"method": "POST", "body": body.to_string()});
        client.send(json!({"type": "cf_agent_use_chat_request", "id": "1", "init": init})).await;
        client
    }

    /// What the model was told of its calls in its last request.
    fn told(&self) -> Vec<String> {
        let requests = self.model.requests();
        let tool = |message: &ModelMessage| match message {
            ModelMessage::Tool { content, .. } => Some(content.clone()),
            _ => None,
        };
        requests.last().unwrap().messages.iter().filter_map(tool).collect()
    }
}

async fn end(client: &mut Client) {
    while client.next_of("cf_agent_use_chat_response").await["done"] != true {}
}

fn calls(calls: &[(&str, &str)]) -> [Script; 2] {
    let asks = calls.iter().enumerate().fold(Script::new(), |script, (id, (name, arguments))| {
        script.tool_call(id.to_string(), *name, *arguments)
    });
    [asks.wait_for_tools(), Script::new().text("Well.").stop()]
}

#[tokio::test]
async fn a_tool_knows_its_turn_the_conversation_and_the_services() {
    let chat = Chat::start(calls(&[("look_around", "{}")])).await;
    end(&mut chat.ask().await).await;
    assert_eq!(chat.told(), [json!(["0", "1", ["go on"], true, true]).to_string()]);
}

#[tokio::test]
async fn what_a_tool_has_started_hears_that_it_took_too_long() {
    let mut chat = Chat::start(calls(&[("answers", "{}"), ("is_slow", "{}")])).await;
    end(&mut chat.ask().await).await;
    assert_eq!(chat.ended.recv().await.unwrap(), "is_slow");
    let tokens = chat.desk.tokens.lock().unwrap();
    let cancelled: Vec<bool> = tokens.iter().map(CancellationToken::is_cancelled).collect();
    assert_eq!(cancelled, [false, true], "what has answered is not ended");
    assert_eq!(chat.told()[0], "false");
}

#[tokio::test]
async fn what_a_tool_has_started_hears_that_the_turn_is_stopped() {
    let mut chat = Chat::start(calls(&[("waits", "{}")])).await;
    let mut client = chat.ask().await;
    while client.next_of("cf_agent_use_chat_response").await["body"]
        .as_str()
        .is_some_and(|body| !body.contains("waiting"))
    {}
    client.send(json!({"type": "cf_agent_chat_request_cancel", "id": "1"})).await;
    assert_eq!(chat.ended.recv().await.unwrap(), "waits");
    end(&mut client).await;
}

#[tokio::test]
async fn a_model_reads_where_its_arguments_are_wrong() {
    let prices = r#"{"items":[{"price":1},{"price":2.5},{"price":"cheap"}]}"#;
    let chat = Chat::start(calls(&[
        ("order", r#"{"items":[{"price":1.5}],"delivery":"courier"}"#),
        ("order", prices),
        ("order", r#"{"items":[],"delivery":"rocket"}"#),
        ("order", r#"{"items":[{}]}"#),
        ("order", "{}"),
        ("order", r#"{"items":[{"price":1}]}"#),
    ]))
    .await;
    end(&mut chat.ask().await).await;
    assert_eq!(
        chat.told(),
        [
            "1.5, by courier",
            r#"Error: items[2].price: invalid type: string "cheap", expected f64"#,
            "Error: delivery: unknown variant `rocket`, expected `post` or `courier`",
            "Error: items[0]: missing field `price`",
            "Error: missing field `items`",
            "1, to be fetched",
        ]
    );
}
