//! Tools that run in the page: described to the model with each request, and answered from here.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use domovoi_client::chat::ChatSession;
use domovoi_protocol::{Part, Role, UiMessage, message::ToolState, tool::ClientTool};
use futures::future::{FutureExt, LocalBoxFuture};
use leptos::{prelude::*, task::spawn_local};
use serde_json::Value;

use super::{AgentChat, Core};

type Run = dyn Fn(Value) -> LocalBoxFuture<'static, Result<Value, String>> + Send + Sync;

/// A tool that runs in the page, where the model can ask for what only a browser knows.
///
/// ```
/// use domovoi_app::hooks::use_agent_chat::BrowserTool;
/// use serde_json::{Value, json};
///
/// let parameters = json!({ "type": "object", "properties": {} });
/// let tool = BrowserTool::new("language", "Tells the person's language.", parameters, |_| async {
///     Ok::<_, String>(Value::from("de"))
/// });
/// # let _ = tool;
/// ```
#[derive(Clone)]
pub struct BrowserTool {
    description: ClientTool,
    run: Arc<Run>,
}

impl BrowserTool {
    /// A tool with a name, a description for the model and a JSON Schema of its arguments. `run`
    /// gets the arguments as the model wrote them, which need not fit the schema, and answers with
    /// a result or with the text of an error, which the model is told.
    ///
    /// Every page that has the conversation open runs the tool, and the server takes the first
    /// answer; `run` should do nothing that must not happen twice.
    pub fn new<F>(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Value,
        run: impl Fn(Value) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Value, String>> + 'static,
    {
        let description = ClientTool {
            name: name.into(),
            description: Some(description.into()),
            parameters: Some(parameters),
        };
        Self { description, run: Arc::new(move |input| run(input).boxed_local()) }
    }
}

impl fmt::Debug for BrowserTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserTool").field("name", &self.description.name).finish_non_exhaustive()
    }
}

/// The tools of one conversation.
#[derive(Default)]
pub(super) struct Registry {
    tools: HashMap<String, BrowserTool>,
    /// Calls that were taken up.
    begun: BTreeSet<String>,
}

/// A call to be run.
pub(super) struct Call {
    id: String,
    input: Value,
    run: Arc<Run>,
}

impl Registry {
    /// Takes up the calls of the last message that wait for a tool of this page; each once.
    pub(super) fn take_up(&mut self, last: Option<&UiMessage>) -> Vec<Call> {
        let Some(last) = last.filter(|last| last.role == Role::Assistant) else {
            return Vec::new();
        };
        if self.tools.is_empty() {
            return Vec::new();
        }
        let mut calls = Vec::new();
        for part in &last.parts {
            if let Part::Tool(call) = part
                && call.state == ToolState::InputAvailable
                && let Some(tool) = self.tools.get(call.name())
                && self.begun.insert(call.tool_call_id.clone())
            {
                let input = call.input.clone().unwrap_or_default();
                let id = call.tool_call_id.clone();
                calls.push(Call { id, input, run: Arc::clone(&tool.run) });
            }
        }
        calls
    }

    fn describe(&self, session: &mut ChatSession) {
        let mut tools: Vec<_> = self.tools.values().map(|tool| tool.description.clone()).collect();
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        session.set_client_tools(Some(tools).filter(|tools| !tools.is_empty()));
    }
}

impl Core {
    pub(super) fn add_tool(&mut self, tool: BrowserTool) {
        self.tools.tools.insert(tool.description.name.clone(), tool);
        self.tools.describe(&mut self.session);
    }
}

impl AgentChat {
    /// Adds a tool that runs in the page; one of the same name is replaced. The model knows of it
    /// from the next request on.
    pub fn add_tool(&self, tool: BrowserTool) {
        self.core.try_update_value(|core| core.add_tool(tool));
        self.run_tools();
    }

    /// Removes a tool that runs in the page.
    pub fn remove_tool(&self, name: &str) {
        self.core.try_update_value(|core| {
            core.tools.tools.remove(name);
            core.tools.describe(&mut core.session);
        });
    }

    /// Runs the calls that wait for a tool of this page, and answers them.
    pub(super) fn run_tools(&self) {
        let chat = *self;
        let calls = self
            .core
            .try_update_value(|core| core.tools.take_up(core.session.messages().next_back()));
        for Call { id, input, run } in calls.unwrap_or_default() {
            spawn_local(async move {
                let result = run(input).await;
                chat.add_tool_result(&id, result);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::UiMessage;
    use futures::executor::block_on;
    use serde_json::{Value, json};

    use super::{BrowserTool, Core};

    fn answer(state: &str) -> UiMessage {
        serde_json::from_value(json!({ "id": "a", "role": "assistant", "parts": [
            { "type": "tool-double", "toolCallId": "c1", "state": state, "input": { "n": 2 } },
            { "type": "tool-other", "toolCallId": "c2", "state": state, "input": {} },
        ]}))
        .unwrap()
    }

    fn double() -> BrowserTool {
        BrowserTool::new("double", "Doubles.", json!({ "type": "object" }), |input| async move {
            let n = input["n"].as_i64().ok_or("`n` is missing")?;
            Ok(Value::from(2 * n))
        })
    }

    #[test]
    fn a_call_is_taken_up_once_and_only_when_it_is_complete() {
        let mut core = Core::default();
        core.add_tool(double());
        assert!(core.tools.take_up(None).is_empty());
        assert!(core.tools.take_up(Some(&answer("input-streaming"))).is_empty());
        let calls = core.tools.take_up(Some(&answer("input-available")));
        assert_eq!(calls.len(), 1, "the other tool is not this page's");
        assert_eq!(calls[0].id, "c1");
        assert_eq!(block_on((calls[0].run)(calls[0].input.clone())), Ok(json!(4)));
        assert_eq!(block_on((calls[0].run)(json!({}))), Err("`n` is missing".to_owned()));
        assert!(core.tools.take_up(Some(&answer("input-available"))).is_empty());
    }

    #[test]
    fn requests_describe_the_tools() {
        let mut core = Core::default();
        core.add_tool(double());
        core.session.opened();
        let sent =
            serde_json::to_string(&core.session.submit("hi").iter().find_map(|it| match it {
                domovoi_client::chat::Effect::Send(domovoi_protocol::ClientFrame::ChatRequest(
                    it,
                )) => it.body().ok(),
                _ => None,
            }))
            .unwrap();
        assert!(sent.contains(r#""clientTools":[{"name":"double""#), "{sent}");
    }
}
