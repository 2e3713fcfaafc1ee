//! Calls a tool as a model does: in a turn of an agent, with a script in the place of the model.

use std::sync::{Arc, Mutex};

use domovoi_agents::{
    chat::{FinishedTurn, Tool},
    prelude::*,
    testing::TestAgents,
};
use domovoi_models::{
    LanguageModel,
    testing::{Script, ScriptedModel},
};
use domovoi_protocol::{Part, Role, UiMessage};
use serde_json::Value;
use tokio::sync::oneshot;

/// Has the tool, and tells when its turn is over.
#[derive(Clone)]
struct Caller {
    model: Arc<ScriptedModel>,
    tool: Arc<dyn Tool>,
    done: Arc<Mutex<Option<oneshot::Sender<UiMessage>>>>,
}

#[agent]
impl Caller {}

impl AiChatAgent for Caller {
    async fn on_chat_message(&self, cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        let model: Arc<dyn LanguageModel> = self.model.clone();
        let messages = cx.messages()?;
        let answer = StreamText::new(model).messages(&messages);
        Ok(answer.tools([Arc::clone(&self.tool)]).into_reply())
    }

    async fn on_finish(&self, _cx: &Context<Self>, finished: &FinishedTurn) -> Result<()> {
        if let Some(done) = self.done.lock().unwrap().take() {
            done.send(finished.message.clone().unwrap()).unwrap();
        }
        Ok(())
    }
}

/// What the tool answers, or the text of its error.
pub(crate) async fn call(tool: impl Tool, arguments: Value) -> Result<Value, String> {
    call_in(UiMessage::new("q", Role::User, "Call it."), tool, arguments).await
}

/// As [`call`], with a message that it answers to.
pub(crate) async fn call_in(
    question: UiMessage,
    tool: impl Tool,
    arguments: Value,
) -> Result<Value, String> {
    let tool: Arc<dyn Tool> = Arc::new(tool);
    let name = tool.definition().name;
    let script = Script::new().tool_call("call", name, arguments.to_string()).wait_for_tools();
    let model = Arc::new(ScriptedModel::new([script, Script::new().text("Done.").stop()]));
    let (done, finished) = oneshot::channel();
    let done = Arc::new(Mutex::new(Some(done)));
    let caller = Caller { model, tool, done };
    let agents = TestAgents::new(move |agents| {
        let caller = caller.clone();
        agents.chat_agent_with(move || caller.clone())
    })
    .unwrap();
    let caller = agents.get::<Caller>("x").unwrap();
    caller.run(|_, cx| async move { drop(cx.ask_message(question)) }).await.unwrap();
    let message = finished.await.unwrap();
    assert_eq!(message.role, Role::Assistant);
    let mut calls = message.parts.into_iter().filter_map(|part| match part {
        Part::Tool(call) => Some(call),
        _ => None,
    });
    let call = calls.next().unwrap();
    match call.error_text {
        Some(error) => Err(error),
        None => Ok(call.output.unwrap()),
    }
}
