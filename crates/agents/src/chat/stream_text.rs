//! A model, its tools, and the loop between them.

use std::{collections::HashMap, fmt, pin::pin, sync::Arc};

use async_stream::try_stream;
use domovoi_models::{
    FinishReason, LanguageModel, ModelEvent, ModelMessage, ModelRequest, Receipt, RequestMetadata,
    ToolCall, ToolDefinition,
};
use domovoi_protocol::{
    Chunk, Part, Reducer, Role, UiMessage, message::ToolState, tool::ClientTool,
};
use futures::{Stream, StreamExt};
use serde_json::{Value, json};

use super::{
    AiChatAgent, Attachments, ChatReply, ChatTurn, Tool,
    finish::Finish,
    opening::{Opened, Opening},
    part_writer::{Kind, PartWriter},
    tool_calls::{self, Fate, Ready, Tools, answer_of},
    tool_context::Scope,
    window::{ContextWindow, Conversation, Fitting, History},
};
use crate::{Agents, Context, Result};

/// Most calls of the model in one turn, where nothing else is said.
const DEFAULT_MAX_STEPS: usize = 8;

/// Answers with a language model: sends it the history, runs the tools it calls, gives it their
/// results, and so on until it answers in words.
pub struct StreamText {
    model: Arc<dyn LanguageModel>,
    /// All but the messages.
    request: ModelRequest,
    conversation: Conversation,
    window: ContextWindow,
    tools: Tools,
    /// What the tools are told.
    scope: Scope,
    /// The newest answer, where calls of it are to run before anything else.
    paused: Option<UiMessage>,
    /// What is known of the answer that is gone on with.
    continued: Option<Value>,
    max_steps: usize,
}

impl fmt::Debug for StreamText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamText").field("model", &self.model.name()).finish_non_exhaustive()
    }
}

impl StreamText {
    /// An answer of `model`.
    #[must_use]
    pub fn new(model: Arc<dyn LanguageModel>) -> Self {
        Self {
            model,
            request: ModelRequest::default(),
            conversation: Conversation::default(),
            window: ContextWindow::default(),
            tools: Tools::default(),
            scope: Scope::default(),
            paused: None,
            continued: None,
            max_steps: DEFAULT_MAX_STEPS,
        }
    }

    /// Tells the tools which turn they work for, and a gateway as well: a [`ToolContext`] has the
    /// services of the agents and the request's id then, and [`StreamText::metadata`] is
    /// [`Context::request_metadata`].
    ///
    /// [`ToolContext`]: super::ToolContext
    #[must_use]
    pub fn for_turn<A: AiChatAgent>(mut self, cx: &Context<A>, turn: &ChatTurn) -> Self {
        self.scope.request_id = Some(turn.request_id.clone());
        self.scope.agents = Some(cx.agents().clone());
        self.metadata(cx.request_metadata(turn))
    }

    /// Lets the tools find the services of these agents, where the answer belongs to no turn.
    #[must_use]
    pub fn services(mut self, agents: &Agents) -> Self {
        self.scope.agents = Some(agents.clone());
        self
    }

    /// Puts instructions before the history.
    #[must_use]
    pub fn system(mut self, instructions: impl Into<String>) -> Self {
        self.conversation.instruct(instructions.into());
        self
    }

    /// Adds the history. Where it ends with an answer whose calls a person has approved meanwhile,
    /// those run first.
    #[must_use]
    pub fn messages(mut self, history: &[UiMessage]) -> Self {
        self.scope.messages.extend_from_slice(history);
        let mut history = history;
        let last = history.split_last().filter(|(last, _)| last.role == Role::Assistant);
        self.continued = last.and_then(|(last, _)| last.metadata.clone());
        if let Some((last, before)) = last
            && last.parts.iter().any(|part| approved_call(part).is_some())
        {
            self.paused = Some(last.clone());
            history = before;
        }
        self.conversation.add_history(history, self.model.accepts_images());
        self
    }

    /// Adds what [`Context::history_for`] has read, as [`StreamText::messages`] does. It is to be the
    /// same window.
    #[must_use]
    pub fn history(mut self, history: &History) -> Self {
        self.conversation.leave_out(history.gap());
        self.messages(history.messages())
    }

    /// Lets tools read files that are not in the messages.
    #[must_use]
    pub fn attachments(mut self, attachments: Arc<dyn Attachments>) -> Self {
        self.scope.attachments = Some(attachments);
        self
    }

    /// Sets how much of the conversation the model reads at each step; see
    /// [`Context::conversation_window`](crate::Context::conversation_window). Without it, as much
    /// as [`LanguageModel::context_window`] says it can, and the rest is left out with a note to
    /// the model.
    #[must_use]
    pub fn context(mut self, window: ContextWindow) -> Self {
        self.window = window;
        self
    }

    /// Lets the model call tools that run in the client: those of
    /// [`ChatTurn::client_tools`](super::ChatTurn::client_tools), or any the client is known to have.
    /// The turn ends with the call, and goes on when the client has answered.
    #[must_use]
    pub fn client_tools(mut self, tools: impl IntoIterator<Item = ClientTool>) -> Self {
        for ClientTool { name, description, parameters } in tools {
            if self.request.tools.iter().any(|tool| tool.name == name) {
                continue;
            }
            self.tools.client.insert(name.clone());
            self.request.tools.push(ToolDefinition {
                name,
                description: description.unwrap_or_default(),
                parameters: parameters
                    .unwrap_or_else(|| json!({"type": "object", "properties": {}})),
            });
        }
        self
    }

    /// Lets the model call a tool.
    #[must_use]
    pub fn tool(self, tool: impl Tool) -> Self {
        self.tools([Arc::new(tool) as Arc<dyn Tool>])
    }

    /// Lets the model call these tools.
    #[must_use]
    pub fn tools(mut self, tools: impl IntoIterator<Item = Arc<dyn Tool>>) -> Self {
        for tool in tools {
            let definition = tool.definition();
            // It takes the place of a client's tool of that name.
            self.request.tools.retain(|other| other.name != definition.name);
            self.tools.server.entry(definition.name.clone()).or_insert(tool);
            self.request.tools.push(definition);
        }
        self
    }

    /// Limits the calls of the model in this turn. Default: 8.
    #[must_use]
    pub fn max_steps(mut self, max_steps: usize) -> Self {
        self.max_steps = max_steps.max(1);
        self
    }

    /// Limits the tokens of each reply of the model.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.request.max_tokens = Some(max_tokens);
        self
    }

    /// Sets how freely the model chooses its words, from 0.0 (not at all) to 2.0. Default: the
    /// provider's.
    #[must_use]
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.request.temperature = Some(temperature);
        self
    }

    /// Tells a gateway who asks and for what; see
    /// [`Context::request_metadata`](crate::Context::request_metadata).
    #[must_use]
    pub fn metadata(mut self, metadata: RequestMetadata) -> Self {
        self.request.metadata = metadata;
        self
    }

    /// The answer.
    #[must_use]
    pub fn into_reply(self) -> ChatReply {
        ChatReply::from_chunks(self.into_chunks())
    }

    fn into_chunks(mut self) -> impl Stream<Item = Result<Chunk>> + Send {
        if self.tools.server.is_empty() {
            // Nobody is told, and the answer may take long.
            self.scope.messages = Vec::new();
        }
        let scope = Arc::new(std::mem::take(&mut self.scope));
        let receipt = Receipt::new();
        self.request.metadata.receipt = Some(receipt.clone());
        let mut finish = Finish::new(receipt, self.continued.take());
        try_stream! {
            yield Chunk::Start {
                message_id: None,
                message_metadata: Some(json!({"model": self.model.status().borrow().name.clone()})),
            };
            let is_source = |part: &&Part| matches!(part, Part::SourceUrl { .. });
            let paused = self.paused.iter().flat_map(|message| &message.parts);
            let mut sources = paused.filter(is_source).count();
            if let Some(message) = self.paused.take() {
                // What a person has approved since runs before the model is asked again.
                let (failed, calls) = self.approved(&message);
                let mut reducer = Reducer::resume(message);
                for chunk in failed { reducer.apply(&chunk); yield chunk; }
                let mut answers = pin!(tool_calls::run(calls, &scope));
                while let Some(chunk) = answers.next().await { reducer.apply(&chunk); yield chunk; }
                let images = self.model.accepts_images();
                self.conversation.add_answer(&reducer.finish(), images);
            }
            let mut fitting = Fitting::new(self.window.clone());
            for step in 0..self.max_steps {
                yield Chunk::StartStep;
                let mut writer = PartWriter::new(step);
                let mut calls: Vec<ToolCall> = Vec::new();
                let mut text = String::new();
                let mut events = loop {
                    let fitted =
                        fitting.fit(&*self.model, &self.request, &self.conversation).await?;
                    finish.count(fitted.usage);
                    let mut request = self.request.clone();
                    request.messages = fitted.messages;
                    let mut opening = Opening::ask(&*self.model, request);
                    let begun = loop {
                        match opening.next().await {
                            Opened::Queued(chunk) => yield chunk,
                            Opened::Begun(begun) => break begun,
                        }
                    };
                    match begun {
                        Err(error) if fitting.refused(&error, fitted.tokens) => {}
                        events => break events?,
                    }
                };
                while let Some(event) = events.next().await {
                    match event? {
                        ModelEvent::Text(delta) => {
                            text.push_str(&delta);
                            for chunk in writer.write(Kind::Text, delta) { yield chunk; }
                        }
                        ModelEvent::Reasoning(delta) => {
                            for chunk in writer.write(Kind::Reasoning, delta) { yield chunk; }
                        }
                        ModelEvent::ToolCallStart { id, name } => {
                            if let Some(end) = writer.end() { yield end; }
                            yield Chunk::ToolInputStart {
                                tool_call_id: id, tool_name: name, dynamic: None, title: None,
                            };
                        }
                        ModelEvent::ToolCallDelta { id, delta } => {
                            yield Chunk::ToolInputDelta { tool_call_id: id, input_text_delta: delta };
                        }
                        ModelEvent::ToolCall(call) => calls.push(call),
                        ModelEvent::Source { url, title } => {
                            sources += 1;
                            yield Chunk::SourceUrl { source_id: sources.to_string(), url, title };
                        }
                        ModelEvent::Finish { reason, usage } => finish.add(reason, usage),
                        _ => {}
                    }
                }
                drop(events);
                if let Some(end) = writer.end() { yield end; }
                let mut waits = false;
                let mut running = Vec::new();
                let mut answers: HashMap<String, String> = HashMap::new();
                for call in &calls {
                    let (chunks, fate) = self.tools.announce(call);
                    for chunk in chunks { yield chunk; }
                    match fate {
                        Fate::Runs(ready) => running.push(ready),
                        Fate::Waits => waits = true,
                        Fate::Failed(chunk) => {
                            answers.extend(answer_of(&chunk));
                        }
                    }
                }
                let mut outputs = pin!(tool_calls::run(running, &scope));
                while let Some(chunk) = outputs.next().await {
                    answers.extend(answer_of(&chunk));
                    yield chunk;
                }
                yield Chunk::FinishStep;
                if waits { finish.reason = Some(FinishReason::ToolCalls); }
                // A client or a person answers the rest, and the turn goes on then.
                if calls.is_empty() || waits { break; }
                finish.at_limit = step + 1 == self.max_steps;
                let results = calls.iter().map(|call| ModelMessage::Tool {
                    tool_call_id: call.id.clone(),
                    content: answers.remove(&call.id).unwrap_or_default(),
                });
                let results: Vec<_> = results.collect();
                self.conversation.add_step(text, calls, results);
            }
            yield finish.chunk();
        }
    }

    /// The calls of a message that a person has approved: those that cannot run, and the others.
    fn approved(&self, message: &UiMessage) -> (Vec<Chunk>, Vec<Ready>) {
        let (mut failed, mut calls) = (Vec::new(), Vec::new());
        for call in message.parts.iter().filter_map(approved_call) {
            match self.tools.approved(&call) {
                Fate::Runs(ready) => calls.push(ready),
                Fate::Failed(chunk) => failed.push(chunk),
                Fate::Waits => {}
            }
        }
        (failed, calls)
    }
}

/// The call of a part that a person has approved and that has not run.
fn approved_call(part: &Part) -> Option<ToolCall> {
    match part {
        Part::Tool(tool) if tool.state == ToolState::ApprovalResponded => Some(ToolCall {
            id: tool.tool_call_id.clone(),
            name: tool.name().to_owned(),
            arguments: tool.input.as_ref().map_or_else(String::new, Value::to_string),
        }),
        _ => None,
    }
}
