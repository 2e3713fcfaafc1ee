//! Tools that run in this program: described to the model with each request, and answered from here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::Future,
    sync::Arc,
};

use domovoi_protocol::{Part, message::ToolState, tool::ClientTool};
use futures::{FutureExt, future::BoxFuture};
use serde_json::Value;

use super::ChatSession;

type Run = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, String>> + Send + Sync>;

/// A tool that runs in a native program, with what only its machine knows or has.
///
/// ```
/// use domovoi_client::chat::LocalTool;
/// use serde_json::{Value, json};
///
/// let parameters = json!({"type": "object", "properties": {}});
/// let tool = LocalTool::new("hostname", "Tells the machine's name.", parameters, |_input| async {
///     std::env::var("HOSTNAME").map(Value::from).map_err(|error| error.to_string())
/// });
/// # let _ = tool;
/// ```
#[derive(Clone)]
pub struct LocalTool {
    description: ClientTool,
    run: Run,
}

impl LocalTool {
    /// A tool with a name, a description for the model and a JSON Schema of its arguments. `run` gets
    /// the arguments as the model wrote them, which need not fit the schema, and answers with a
    /// result or with the text of an error, which the model is told.
    ///
    /// Every client that has the tool and the conversation runs it, and the server takes the first
    /// answer; `run` should do nothing that must not happen twice.
    pub fn new<F>(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Value,
        run: impl Fn(Value) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Value, String>> + Send + 'static,
    {
        let description = ClientTool {
            name: name.into(),
            description: Some(description.into()),
            parameters: Some(parameters),
        };
        Self { description, run: Arc::new(move |input| run(input).boxed()) }
    }
}

impl fmt::Debug for LocalTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTool").field("name", &self.description.name).finish_non_exhaustive()
    }
}

/// The tools of one conversation.
#[derive(Default)]
pub(super) struct Registry {
    tools: BTreeMap<String, LocalTool>,
    /// Calls that were taken up.
    begun: BTreeSet<String>,
}

/// A call to be run.
pub(super) struct Call {
    pub(super) id: String,
    pub(super) input: Value,
    pub(super) run: Run,
}

impl Registry {
    pub(super) fn add(&mut self, tool: LocalTool) {
        self.tools.insert(tool.description.name.clone(), tool);
    }

    /// What the model is told of them.
    pub(super) fn describe(&self) -> Option<Vec<ClientTool>> {
        let tools: Vec<_> = self.tools.values().map(|tool| tool.description.clone()).collect();
        (!tools.is_empty()).then_some(tools)
    }

    /// Takes up the calls of the last message that wait for a tool of this program; each once.
    pub(super) fn take_up(&mut self, session: &ChatSession) -> Vec<Call> {
        let Some(last) = session.messages().next_back().filter(|_| !self.tools.is_empty()) else {
            return Vec::new();
        };
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

    /// Whether the agent has yet to go on after a call that this program has taken up, or that a
    /// person has decided on.
    pub(super) fn is_awaited(&self, session: &ChatSession) -> bool {
        let last = session.messages().next_back().and_then(|message| message.parts.last());
        let Some(Part::Tool(call)) = last else { return false };
        self.begun.contains(&call.tool_call_id)
            || matches!(call.state, ToolState::ApprovalResponded | ToolState::OutputDenied)
    }
}
