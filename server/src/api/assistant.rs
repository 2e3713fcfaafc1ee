//! The assistant as a model: its instructions and tools run here. It answers the messages of the
//! question and forgets them, or, where the question names a conversation, the newest of them in that.

use std::{collections::HashSet, sync::Arc};

use domovoi_agents::{AgentError, HandlerError};
use domovoi_app::types::ASSISTANT_AGENT;
use domovoi_models::{
    FinishReason, ModelError, ModelEvent, ModelMessage, ModelRequest, ToolCall, ToolChoice, Usage,
};
use domovoi_protocol::{Chunk, tool::ClientTool};
use futures::{StreamExt, future, stream, stream::BoxStream};
use serde_json::Value;
use uuid::Uuid;

use super::{Answer, Api, ApiError, history, request::CONVERSATION};
use crate::{agents::Assistant, gateway::DEFAULT_ROUTE, homes::Home};

/// The assistant's answer, in a conversation where one is named.
pub(super) async fn answer(
    api: &Api,
    home: &Home,
    conversation: Option<&str>,
    request: ModelRequest,
) -> Result<Answer, ApiError> {
    if request.response_format.is_some() {
        let message = "The assistant answers in words: ask a route for JSON.";
        return Err(ApiError::invalid(message, Some("response_format")));
    }
    if request.tool_choice != ToolChoice::Auto {
        let message = "The assistant decides itself which tools it calls.";
        return Err(ApiError::invalid(message, Some("tool_choice")));
    }
    match conversation {
        Some(name) => in_conversation(home, name, request).await,
        None => by_itself(api, home, request),
    }
}

/// Answers what the question says; nothing is kept.
fn by_itself(api: &Api, home: &Home, request: ModelRequest) -> Result<Answer, ApiError> {
    let model = api.gateway.model(DEFAULT_ROUTE);
    let model = model.ok_or_else(|| ApiError::no_model(ASSISTANT_AGENT))?;
    let mut metadata = request.metadata;
    metadata.agent = Some(ASSISTANT_AGENT.to_owned());
    let client_tools: HashSet<String> =
        request.tools.iter().map(|tool| tool.name.clone()).collect();
    let tools = request.tools.into_iter().map(|tool| ClientTool {
        name: tool.name,
        description: Some(tool.description),
        parameters: Some(tool.parameters),
    });
    let mut answer = api
        .homes
        .assistant()
        .outside(Arc::new(model))
        .services(home.agents())
        .metadata(metadata)
        .client_tools(tools)
        .messages(&history::of(request.messages)?);
    if let Some(temperature) = request.temperature {
        answer = answer.temperature(temperature);
    }
    if let Some(max_tokens) = request.max_tokens {
        answer = answer.max_tokens(max_tokens);
    }
    let chunks = answer.into_reply().into_chunks();
    let reading = Reading { client_tools, is_kept: false, ..Reading::default() };
    Ok(events(chunks.map(|chunk| chunk.map_err(ApiError::from)).boxed(), reading))
}

/// Says the newest message in a conversation, which every page that shows it sees.
async fn in_conversation(
    home: &Home,
    name: &str,
    request: ModelRequest,
) -> Result<Answer, ApiError> {
    if !request.tools.is_empty() {
        let message = "In a conversation the assistant has its own tools only.";
        return Err(ApiError::invalid(message, Some("tools")));
    }
    let Some(ModelMessage::User { content }) = request.messages.last() else {
        let message = "In a conversation the last message is the user's: it is answered, and what \
                       was said before is known.";
        return Err(ApiError::invalid(message, Some("messages")));
    };
    let message = history::user(Uuid::now_v7().to_string(), content);
    let conversation = home
        .agents()
        .get::<Assistant>(name)
        .map_err(|error| ApiError::invalid(format!("{error}."), Some(CONVERSATION)))?;
    let turn = conversation.run(|_, cx| async move { cx.ask_and_follow(message) }).await?;
    let reading = Reading { is_kept: true, ..Reading::default() };
    Ok(events(turn.map(Ok).boxed(), reading))
}

/// What the chunks of an agent's answer say to a program that asked a model.
fn events(chunks: BoxStream<'static, Result<Chunk, ApiError>>, reading: Reading) -> Answer {
    let events = stream::unfold(Some((chunks, reading)), |state| async {
        let (mut chunks, mut reading) = state?;
        let mut event = match chunks.next().await {
            Some(chunk) => chunk.and_then(|chunk| reading.read(chunk)),
            None => Err(stopped()),
        };
        let is_over = matches!(event, Err(_) | Ok(Some(ModelEvent::Finish { .. })));
        if event.is_ok() && is_over {
            // Of a turn the answer is stored once nothing more comes; to let go before stops it.
            while let Some(chunk) = chunks.next().await {
                if let Err(error) = chunk.and_then(|chunk| reading.read(chunk)) {
                    event = Err(error);
                }
            }
        }
        Some((event.transpose(), (!is_over).then_some((chunks, reading))))
    });
    events.filter_map(future::ready).boxed()
}

fn stopped() -> ApiError {
    ModelError::Interrupted(None).into()
}

/// What of an answer was read so far.
#[derive(Default)]
struct Reading {
    /// Names of the tools that the program runs itself.
    client_tools: HashSet<String>,
    /// The answer is in a conversation, where a person can approve what it waits for.
    is_kept: bool,
    has_text: bool,
    has_calls: bool,
}

impl Reading {
    fn read(&mut self, chunk: Chunk) -> Result<Option<ModelEvent>, ApiError> {
        Ok(match chunk {
            // Words before and after a call of a tool are paragraphs.
            Chunk::TextStart { .. } if self.has_text => Some(ModelEvent::Text("\n\n".to_owned())),
            Chunk::TextDelta { delta, .. } if !delta.is_empty() => {
                self.has_text = true;
                Some(ModelEvent::Text(delta))
            }
            Chunk::ReasoningDelta { delta, .. } if !delta.is_empty() => {
                Some(ModelEvent::Reasoning(delta))
            }
            Chunk::ToolInputAvailable { tool_call_id, tool_name, input, .. }
                if self.client_tools.contains(&tool_name) =>
            {
                self.has_calls = true;
                let arguments = input.to_string();
                Some(ModelEvent::ToolCall(ToolCall {
                    id: tool_call_id,
                    name: tool_name,
                    arguments,
                }))
            }
            Chunk::ToolApprovalRequest { .. } if self.is_kept => {
                let note = "\n\n(A person is asked in the conversation whether a tool may run.)";
                Some(ModelEvent::Text(note.to_owned()))
            }
            Chunk::ToolApprovalRequest { .. } => {
                let message = "The assistant wants to call a tool that a person must approve. Ask \
                               in a conversation, where somebody can.";
                return Err(ApiError::invalid(message, Some("messages")));
            }
            Chunk::Finish { finish_reason, message_metadata } => {
                Some(self.finish(finish_reason, message_metadata.as_ref()))
            }
            Chunk::Error { error_text } => {
                return Err(ModelError::Unavailable(error_text).into());
            }
            Chunk::Abort { .. } => return Err(stopped()),
            _ => None,
        })
    }

    fn finish(&self, reason: Option<String>, metadata: Option<&Value>) -> ModelEvent {
        let reason: Option<FinishReason> =
            reason.and_then(|reason| serde_json::from_value(reason.into()).ok());
        let is_at_limit = metadata.is_some_and(|metadata| metadata.get("stoppedAt").is_some());
        let reason = match reason {
            _ if is_at_limit => FinishReason::Length,
            // It waits for a person, and not for the program.
            Some(FinishReason::ToolCalls) if !self.has_calls => FinishReason::Stop,
            reason => reason.unwrap_or(FinishReason::Stop),
        };
        let tokens = |name: &str| metadata?.pointer("/usage")?.get(name)?.as_u64();
        let usage = tokens("inputTokens").zip(tokens("outputTokens"));
        let usage =
            usage.map(|(input_tokens, output_tokens)| Usage { input_tokens, output_tokens });
        ModelEvent::Finish { reason, usage }
    }
}

impl From<HandlerError> for ApiError {
    fn from(error: HandlerError) -> Self {
        match error.downcast::<ModelError>() {
            Ok(error) => error.into(),
            Err(error) => ModelError::Unavailable(error.to_string()).into(),
        }
    }
}

impl From<AgentError> for ApiError {
    fn from(error: AgentError) -> Self {
        tracing::warn!(%error, "the assistant cannot be reached");
        Self::broken()
    }
}
