//! The agents at work, with a model that says what a test wants, crashes, and a clock that it moves.

mod again;
mod approvals;
mod conversations;
mod folders;
mod history;
mod tasks;

use std::sync::Arc;

use domovoi_agents::{
    chat::FinishedTurn,
    prelude::*,
    testing::{TestAgents, TestClient},
};
use domovoi_models::{
    LanguageModel,
    gateway::{Gateway, Route, Target},
    testing::{Script, ScriptedModel},
};

use super::{Assistant, register};
use crate::{config::Config, gateway::DEFAULT_ROUTE};

#[derive(Deserialize, JsonSchema)]
struct File {
    path: String,
}

/// Deletes a file.
#[tool(needs_approval)]
async fn delete_file(file: File) -> Result<String> {
    Ok(format!("{} is gone", file.path))
}

/// The server's agents, answered for by these scripts.
fn start(scripts: impl IntoIterator<Item = Script>) -> (TestAgents, ScriptedModel) {
    start_with(ScriptedModel::new(scripts))
}

/// The server's agents, answered for by this model.
fn start_with(scripted: ScriptedModel) -> (TestAgents, ScriptedModel) {
    let model: Arc<dyn LanguageModel> = Arc::new(scripted.clone());
    let config = Config::parse("builtin_tools = ['reminders']\n[model]\nname = 'gpt'").unwrap();
    let test = TestAgents::new(move |builder| {
        let target = Target::new("scripted", Arc::clone(&model));
        let gateway = Gateway::builder().route(DEFAULT_ROUTE, Route::new([target])).build();
        register(builder.service(gateway), &config, &model, vec![Arc::new(delete_file)])
    });
    (test.unwrap(), scripted)
}

/// A model that wants to delete a file.
fn deletes(call: &str) -> Script {
    Script::new().tool_call(call, "delete_file", r#"{"path": "a.txt"}"#).wait_for_tools()
}

fn says(text: &str) -> Script {
    Script::new().text(text).stop()
}

/// Says something in a conversation, and waits for the answer.
async fn say(test: &TestAgents, conversation: &str, text: &'static str) -> FinishedTurn {
    let assistant = test.get::<Assistant>(conversation).unwrap();
    assistant.run(move |_, cx| async move { cx.ask_and_wait(text).await }).await.unwrap().unwrap()
}

/// Lets what is due happen.
async fn settle(test: &TestAgents) {
    test.advance(std::time::Duration::ZERO).await.unwrap();
}

async fn connect(test: &TestAgents, agent: &str) -> TestClient {
    test.connect(&format!("{agent}/default")).await.unwrap()
}
