//! The session: what a person does, and the state there is to read.

use domovoi_protocol::{
    Role, UiMessage,
    chat::{CancelFrame, ChatBody, ChatRequest, HistoryFrame, Trigger},
    frame::{ClientFrame, Empty},
    message::ToolState,
    reducer::Change,
    resume::ResumeRequest,
    tool::{ClientTool, ToolApproval, ToolResult},
};
use serde_json::{Map, Value};

use super::{
    Changed, ChatStatus, Effect, HistoryPage,
    page::OlderFetch,
    refetch::{Doubt, Fetch},
    transcript::Transcript,
    turn::Turn,
};

/// A conversation as one client sees it.
#[derive(Debug, Clone, Default)]
pub struct ChatSession {
    pub(super) transcript: Transcript,
    pub(super) turns: Vec<Turn>,
    /// Turns that are over; late chunks of theirs are nothing to begin a message with.
    pub(super) ended: Vec<String>,
    pub(super) error: Option<String>,
    pub(super) recovering: bool,
    pub(super) connected: bool,
    /// Turns acknowledged on this connection.
    pub(super) acknowledged: Vec<String>,
    /// Counts what makes a history fetched before it out of date.
    pub(super) revision: u64,
    pub(super) fetch: Option<Fetch>,
    /// What of the messages may not be as the server has them.
    pub(super) doubt: Option<Doubt>,
    pub(super) last_ticket: u64,
    /// There are messages before those that are here.
    pub(super) has_older: bool,
    pub(super) older: Option<OlderFetch>,
    custom: Map<String, Value>,
    client_tools: Option<Vec<ClientTool>>,
}

/// What a person says to a tool call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// Whether it may run.
    pub approved: bool,
    /// Why; the model is told of a rejection's.
    pub reason: Option<String>,
    /// Arguments in the place of the model's.
    pub input: Option<Value>,
}

impl ChatSession {
    /// A session that begins with these messages: the whole history or its newest page.
    #[must_use]
    pub fn new(history: impl Into<HistoryPage>) -> Self {
        let HistoryPage { messages, has_older } = history.into();
        Self { transcript: Transcript::new(messages), has_older, ..Self::default() }
    }

    /// Sets fields that go along with every request.
    pub fn set_custom_fields(&mut self, fields: Map<String, Value>) {
        self.custom = fields;
    }

    /// Sets the tools that run in this client.
    pub fn set_client_tools(&mut self, tools: Option<Vec<ClientTool>>) {
        self.client_tools = tools;
    }

    /// The messages, oldest first, with what is being written at this moment.
    #[must_use]
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &UiMessage> + ExactSizeIterator {
        self.transcript.messages()
    }

    /// The message with this index.
    #[must_use]
    pub fn message(&self, index: usize) -> Option<&UiMessage> {
        self.transcript.get(index)
    }

    /// How the conversation stands. Turns of other clients count like this one's.
    #[must_use]
    pub fn status(&self) -> ChatStatus {
        if self.turns.iter().any(|turn| turn.started) {
            ChatStatus::Streaming
        } else if !self.turns.is_empty() || self.recovering {
            ChatStatus::Submitted
        } else if self.error.is_some() {
            ChatStatus::Error
        } else {
            ChatStatus::Ready
        }
    }

    /// Why the last turn failed.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The turn that is running; the latest, where there are several.
    #[must_use]
    pub fn active_turn(&self) -> Option<&str> {
        self.turns.last().map(|turn| turn.id.as_str())
    }

    /// Whether the turn has begun and not ended, as far as this client knows.
    #[must_use]
    pub fn is_running(&self, turn: &str) -> bool {
        self.turns.iter().any(|running| running.id == turn)
    }

    /// The connection is open: asks for a running turn, sends again what the server may not
    /// have, and asks for the history, since what others did meanwhile was not heard here.
    pub fn opened(&mut self) -> Vec<Effect> {
        self.connected = true;
        self.acknowledged.clear();
        self.doubt_what_comes();
        let probe_id = Some(new_id());
        let mut effects = vec![Effect::Send(ResumeRequest { probe_id }.into())];
        effects.extend(self.turns.iter().filter_map(Turn::resend).map(Effect::Send));
        // The connection may have been lost with the stop on its way.
        let stopped = self.turns.iter().filter(|turn| turn.cancelled);
        effects
            .extend(stopped.map(|turn| Effect::Send(CancelFrame { id: turn.id.clone() }.into())));
        effects.push(self.refetch());
        effects
    }

    /// The connection is gone.
    pub fn closed(&mut self) {
        self.connected = false;
        self.recovering = false;
        self.doubt_what_comes();
        self.turns.iter_mut().for_each(|turn| turn.awaits_replay = false);
    }

    /// The person sends a text.
    pub fn submit(&mut self, text: impl Into<String>) -> Vec<Effect> {
        self.submit_message(UiMessage::new(new_id(), Role::User, text))
    }

    /// The person sends a message. Where one with its id is there, this one takes its place and
    /// what came after it is dropped. A new one that another client of theirs sends as well, as two
    /// pages do with a message that has waited, is one turn.
    pub fn submit_message(&mut self, message: UiMessage) -> Vec<Effect> {
        let edited = self.transcript.position(&message.id).is_some();
        self.transcript.truncate_after(&message.id, true);
        let index = self.transcript.push(message.clone());
        let changed = if edited { Changed::Messages } else { Changed::Message(index) };
        let turn = Turn {
            id: if edited { new_id() } else { format!("turn-{}", message.id) },
            anchor: Some(message.id.clone()),
            prompt: Some(message),
            proven_by_prompt: !edited,
            ..Turn::default()
        };
        self.begin(turn, Trigger::SubmitMessage, changed)
    }

    /// The person asks for another answer to the last message of theirs.
    pub fn regenerate(&mut self) -> Vec<Effect> {
        let Some(last) = self.transcript.last_of(Role::User) else {
            return Vec::new();
        };
        let anchor = last.id.clone();
        self.transcript.truncate_after(&anchor, false);
        let turn = Turn { id: new_id(), anchor: Some(anchor), ..Turn::default() };
        self.begin(turn, Trigger::RegenerateMessage, Changed::Messages)
    }

    /// The person asks for another answer in the place of this one; what came after it is dropped.
    /// Nothing where there is no such answer, or nothing of theirs before it.
    pub fn regenerate_message(&mut self, id: &str) -> Vec<Effect> {
        let Some(index) = self.transcript.position(id) else { return Vec::new() };
        let messages: Vec<_> = self.transcript.messages().take(index + 1).collect();
        let is_answer = messages.last().is_some_and(|message| message.role == Role::Assistant);
        if !is_answer || messages.iter().all(|message| message.role != Role::User) {
            return Vec::new();
        }
        self.transcript.truncate_after(id, true);
        self.regenerate()
    }

    /// As [`Self::regenerate_message`], with these fields beside those of every request.
    pub fn regenerate_message_with(&mut self, id: &str, fields: Map<String, Value>) -> Vec<Effect> {
        let every = self.custom.clone();
        self.custom.extend(fields);
        let effects = self.regenerate_message(id);
        self.custom = every;
        effects
    }

    fn begin(&mut self, mut turn: Turn, trigger: Trigger, changed: Changed) -> Vec<Effect> {
        // The server has what came before.
        let anchor = turn.anchor.as_ref().and_then(|id| self.transcript.position(id));
        let message = anchor.and_then(|index| self.transcript.get(index)).cloned();
        let body = ChatBody {
            messages: message.into_iter().collect(),
            trigger,
            client_tools: self.client_tools.clone(),
            custom: self.custom.clone(),
        };
        turn.request = Some(ChatRequest::new(turn.id.clone(), &body));
        self.error = None;
        self.revision += 1;
        let mut effects = vec![Effect::Changed(changed), Effect::Changed(Changed::Status)];
        // Without a connection the request goes out when there is one.
        if self.connected {
            effects.extend(turn.resend().map(Effect::Send));
        }
        self.turns.push(turn);
        effects
    }

    /// The person presses stop. A turn the server knows of goes on until the server ends it.
    pub fn stop(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let connected = self.connected;
        let (over, running): (Vec<_>, Vec<_>) = std::mem::take(&mut self.turns)
            .into_iter()
            .partition(|turn| turn.lost || (turn.is_pending() && !connected));
        self.turns = running;
        for turn in over {
            self.transcript.settle(&turn.id);
            effects.push(Effect::Changed(Changed::Messages));
            if !turn.lost {
                // The request may have left before the connection was lost.
                effects.push(Effect::Send(CancelFrame { id: turn.id.clone() }.into()));
            }
            self.mark_ended(turn.id);
        }
        for turn in &mut self.turns {
            turn.cancelled = true;
            effects.push(Effect::Send(CancelFrame { id: turn.id.clone() }.into()));
        }
        effects.push(Effect::Changed(Changed::Status));
        effects
    }

    /// The person clears the conversation, for everyone.
    pub fn clear(&mut self) -> Vec<Effect> {
        for turn in std::mem::take(&mut self.turns) {
            self.mark_ended(turn.id);
        }
        self.transcript.clear();
        (self.has_older, self.older) = (false, None);
        self.error = None;
        self.revision += 1;
        vec![
            Effect::Send(ClientFrame::ChatClear(Empty {})),
            Effect::Changed(Changed::Messages),
            Effect::Changed(Changed::Status),
        ]
    }

    /// The application writes these messages into the history, here and at the server, which
    /// keeps the messages it has besides.
    pub fn set_messages(&mut self, messages: Vec<UiMessage>) -> Vec<Effect> {
        self.revision += 1;
        let frame = HistoryFrame { messages: messages.clone() };
        let mut effects = self.replace_history(HistoryPage { messages, has_older: self.has_older });
        effects.push(Effect::Send(ClientFrame::ChatMessages(frame)));
        effects
    }

    /// A tool that runs in this client has finished with a result, or an error's text. The
    /// server goes on with the turn by itself.
    pub fn add_tool_result(
        &mut self,
        tool_call_id: &str,
        result: Result<Value, String>,
    ) -> Vec<Effect> {
        let (state, output, error_text) = match result {
            Ok(output) => (ToolState::OutputAvailable, Some(output), None),
            Err(text) => (ToolState::OutputError, None, Some(text)),
        };
        let mut tool_name = String::new();
        let edited = self.transcript.edit_tool(tool_call_id, |part| {
            tool_name = part.name().to_owned();
            part.state = state;
            part.output.clone_from(&output);
            part.error_text.clone_from(&error_text);
        });
        let frame = ToolResult {
            tool_call_id: tool_call_id.to_owned(),
            tool_name,
            output,
            state: Some(state),
            error_text,
            auto_continue: true,
            client_tools: self.client_tools.clone(),
        };
        self.tool_answered(edited, frame.into())
    }

    /// The person approves or rejects a tool call. The server goes on with the turn by itself.
    pub fn add_tool_approval(&mut self, tool_call_id: &str, decision: Decision) -> Vec<Effect> {
        let Decision { approved, reason, input } = decision;
        let edited = self.transcript.edit_tool(tool_call_id, |part| {
            part.state =
                if approved { ToolState::ApprovalResponded } else { ToolState::OutputDenied };
            if let Some(approval) = &mut part.approval {
                approval.approved = Some(approved);
                approval.reason.clone_from(&reason);
            }
            if let Some(input) = &input {
                part.input = Some(input.clone());
            }
        });
        let (tool_call_id, auto_continue) = (tool_call_id.to_owned(), true);
        let frame = ToolApproval { tool_call_id, approved, reason, input, auto_continue };
        self.tool_answered(edited, frame.into())
    }

    fn tool_answered(
        &mut self,
        edited: Option<(usize, Change)>,
        frame: ClientFrame,
    ) -> Vec<Effect> {
        let Some((index, change)) = edited else {
            return Vec::new();
        };
        self.revision += 1;
        let changed = super::incoming::drawn(index, change);
        changed.map(Effect::Changed).into_iter().chain([Effect::Send(frame)]).collect()
    }
}

pub(super) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
