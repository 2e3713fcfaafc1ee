//! What a tool knows about the call it answers.

use std::{fmt, sync::Arc};

use domovoi_protocol::UiMessage;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Attachments;
use crate::{AgentError, Agents, Result};

/// What a tool knows about the call. Cheap to clone.
#[derive(Clone)]
#[non_exhaustive]
pub struct ToolContext {
    /// The call's id.
    pub tool_call_id: String,
    abort: CancellationToken,
    scope: Arc<Scope>,
    progress: mpsc::UnboundedSender<Progress>,
}

/// What all calls of one answer have in common.
#[derive(Default)]
pub(super) struct Scope {
    /// The id of the request, where the answer belongs to a turn.
    pub(super) request_id: Option<String>,
    /// Who has the services.
    pub(super) agents: Option<Agents>,
    /// The history that the model was given.
    pub(super) messages: Vec<UiMessage>,
    /// Files that are not in them.
    pub(super) attachments: Option<Arc<dyn Attachments>>,
}

/// How far a call is.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) tool_call_id: String,
    pub(super) output: Value,
}

impl ToolContext {
    pub(super) fn new(
        tool_call_id: &str,
        abort: CancellationToken,
        scope: Arc<Scope>,
        progress: mpsc::UnboundedSender<Progress>,
    ) -> Self {
        Self { tool_call_id: tool_call_id.to_owned(), abort, scope, progress }
    }

    /// Cancelled when nobody waits for the tool any more: the turn was stopped, or the tool took too
    /// long. The tool itself is dropped then, so that only work beside it has to look: a thread, a
    /// spawned task, another program.
    #[must_use]
    pub fn abort(&self) -> &CancellationToken {
        &self.abort
    }

    /// The conversation as it was given to [`StreamText::messages`](super::StreamText::messages) or
    /// [`StreamText::history`](super::StreamText::history), oldest first. The answer that calls the tool is in it only where it goes on after a client or
    /// a person has answered.
    #[must_use]
    pub fn messages(&self) -> &[UiMessage] {
        &self.scope.messages
    }

    /// Files of the conversation that are not in its messages; nothing where the answer was made without
    /// [`StreamText::attachments`](super::StreamText::attachments).
    #[must_use]
    pub fn attachments(&self) -> Option<&dyn Attachments> {
        self.scope.attachments.as_deref()
    }

    /// What was added with [`AgentsBuilder::service`](crate::AgentsBuilder::service); nothing also
    /// where the answer was not made [`for_turn`](super::StreamText::for_turn).
    #[must_use]
    pub fn service<S: Send + Sync + 'static>(&self) -> Option<Arc<S>> {
        self.scope.agents.as_ref()?.service()
    }

    /// The id of the turn's request, as in [`ChatTurn::request_id`](super::ChatTurn::request_id);
    /// nothing where the answer was not made [`for_turn`](super::StreamText::for_turn).
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.scope.request_id.as_deref()
    }

    /// Shows people how far the call is. Each output takes the place of the one before it, and the
    /// tool's answer that of the last; the model sees the answer alone.
    ///
    /// # Errors
    /// [`AgentError::Json`] where the output cannot be written as JSON.
    pub fn progress(&self, output: &impl Serialize) -> Result<(), AgentError> {
        let output = serde_json::to_value(output)?;
        let tool_call_id = self.tool_call_id.clone();
        // Where nobody listens any more the call is about to be dropped.
        let _ = self.progress.send(Progress { tool_call_id, output });
        Ok(())
    }
}

impl fmt::Debug for ToolContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What people have written is not for a log.
        f.debug_struct("ToolContext")
            .field("tool_call_id", &self.tool_call_id)
            .field("request_id", &self.scope.request_id)
            .finish_non_exhaustive()
    }
}
