//! Answers to tool calls that wait: results of tools that run in a client, and decisions of people.

use domovoi_protocol::{
    Part, ServerFrame, UiMessage,
    chat::MessageUpdated,
    message::{Approval, ToolPart, ToolState},
    tool::{ClientTool, ToolApproval, ToolResult},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    AiChatAgent, ApprovalRequest, RecordedDecision,
    approvals::{notice, trail},
    continued, early, history,
    order::{self, Order, Work},
};
use crate::{AgentError, Connection, Context, storage::Tables};

/// An answer to a tool call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Answer {
    /// Who answered, where it was a client that is still there.
    #[serde(skip)]
    pub(super) from: Option<Connection>,
    pub(super) by: Decider,
    pub(super) call: String,
    pub(super) kind: Kind,
    /// Whether the turn goes on by itself once every call is answered.
    pub(super) auto_continue: bool,
    pub(super) client_tools: Option<Vec<ClientTool>>,
}

/// Who answered, for the audit trail.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Decider {
    pub(super) name: Option<String>,
    pub(super) connection: Option<String>,
    /// Time did, since nobody else has.
    pub(super) expired: bool,
}

impl Decider {
    fn client(connection: &Connection) -> Self {
        Self {
            name: connection.identity_name().map(str::to_owned),
            connection: Some(connection.id().to_owned()),
            expired: false,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Kind {
    /// What a tool in the client answered, or why it failed.
    Result(Result<Value, String>),
    /// What a person decided.
    Decision {
        approved: bool,
        reason: Option<String>,
        /// Arguments in the place of the model's.
        input: Option<Value>,
    },
}

impl Answer {
    pub(super) fn of_tool(from: &Connection, frame: ToolResult) -> Self {
        let failed = frame.state == Some(ToolState::OutputError) || frame.error_text.is_some();
        let result = if failed {
            Err(frame.error_text.unwrap_or_else(|| "The tool failed.".to_owned()))
        } else {
            Ok(frame.output.unwrap_or_default())
        };
        Self {
            from: Some(from.clone()),
            by: Decider::client(from),
            call: frame.tool_call_id,
            kind: Kind::Result(result),
            auto_continue: frame.auto_continue,
            client_tools: frame.client_tools,
        }
    }

    pub(super) fn of_person(from: &Connection, frame: ToolApproval) -> Self {
        let ToolApproval { tool_call_id, approved, reason, input, auto_continue } = frame;
        Self {
            from: Some(from.clone()),
            by: Decider::client(from),
            call: tool_call_id,
            kind: Kind::Decision { approved, reason, input },
            auto_continue,
            client_tools: None,
        }
    }

    /// A decision that came by no connection.
    pub(super) fn of_decision(call: &str, by: Decider, decision: RecordedDecision) -> Self {
        let RecordedDecision { approved, reason, input, .. } = decision;
        Self {
            from: None,
            by,
            call: call.to_owned(),
            kind: Kind::Decision { approved, reason, input },
            auto_continue: true,
            client_tools: None,
        }
    }

    /// What the audit trail keeps of it, where it is a decision.
    fn recorded(&self, at: i64) -> Option<RecordedDecision> {
        let Kind::Decision { approved, reason, input } = &self.kind else { return None };
        Some(RecordedDecision {
            at,
            by: self.by.name.clone(),
            connection: self.by.connection.clone(),
            approved: *approved,
            reason: reason.clone(),
            input: input.clone().filter(|_| *approved),
            expired: self.by.expired,
        })
    }

    fn refuse(&self, error: &str) {
        if let Some(from) = &self.from {
            from.send_frame(&ServerFrame::error(error));
        }
    }
}

/// Writes an answer into its message, tells everybody, and lets the answer of the model go on.
/// The first answer to a call stands.
pub(super) fn apply<A: AiChatAgent>(cx: &Context<A>, answer: Answer) -> Result<(), AgentError> {
    let found = cx.database().with(|db| history::with_tool_call(db, &answer.call))?;
    let Some(mut message) = found else {
        if cx.chat().running().is_some() {
            // The message with the call is being written.
            cx.sql().transaction(|db| early::keep(db, &answer))?;
            cx.chat().answer_later(answer);
        } else {
            answer.refuse("There is no tool call of that id in this conversation.");
        }
        return Ok(());
    };
    let now = cx.agents().clock().now();
    let message_id = message.id.clone();
    let Some(part) = tool_part(&mut message, &answer.call) else { return Ok(()) };
    let asked = asked(part, message_id, now);
    if let Err(error) = write(part, &answer.kind) {
        answer.refuse(error);
        return Ok(());
    }
    let message = cx.this().sanitize_message(message);
    if asked.is_some() {
        notice::set(cx)?;
    }
    cx.sql().transaction(|db| {
        if let Some(place) = history::place(db, &message.id)? {
            history::replace(db, place.position, &message)?;
        }
        if let (Some(asked), Some(decision)) = (&asked, answer.recorded(now)) {
            // It may have been asked before there was a trail.
            trail::ask(db, asked)?;
            trail::decide(db, &asked.id, &decision)?;
        }
        early::forget(db, &answer.call)
    })?;
    let goes_on = answer.auto_continue && !message.parts.iter().any(is_open);
    let rejected = matches!(answer.kind, Kind::Decision { approved: false, .. })
        .then_some(answer.call)
        .filter(|_| goes_on);
    // Who rejects a call gets the word of it with the chunks that follow.
    let waits =
        answer.from.as_ref().filter(|from| continued::concerns(from)).zip(rejected.as_ref());
    if let Some((from, call)) = waits {
        let message = continued::decided(&message, call);
        from.send_frame(&MessageUpdated { message }.into());
    }
    let told = ServerFrame::from(MessageUpdated { message: message.clone() }).to_json();
    cx.broadcast_to(told, |other| waits.is_none_or(|(from, _)| from != other));
    if goes_on {
        let client_tools = answer.client_tools;
        let work = Work::Continue { message_id: message.id, rejected, client_tools };
        let id = Uuid::now_v7().to_string();
        // Clients see how it ends.
        drop(order::start(cx, Order { id, requester: answer.from, work, follower: None }));
    }
    Ok(())
}

/// Applies the answers that came while a message was written whose end the process did not see.
pub(super) fn apply_early<A: AiChatAgent>(cx: &Context<A>) -> Result<(), AgentError> {
    let early = cx.database().read(Tables::Chat, |db| early::all(db))?.unwrap_or_default();
    early.into_iter().try_for_each(|answer| apply_kept(cx, answer))
}

/// Applies an answer that was kept until its message is complete. Where no call waits for it, it is
/// forgotten all the same.
pub(super) fn apply_kept<A: AiChatAgent>(
    cx: &Context<A>,
    answer: Answer,
) -> Result<(), AgentError> {
    let call = answer.call.clone();
    apply(cx, answer)?;
    cx.sql().transaction(|db| early::forget(db, &call))
}

/// The question that a call waits for the answer of.
fn asked(part: &ToolPart, message_id: String, now: i64) -> Option<ApprovalRequest> {
    Some(ApprovalRequest {
        id: part.approval.as_ref()?.id.clone(),
        tool_call_id: part.tool_call_id.clone(),
        message_id,
        tool_name: part.name().to_owned(),
        input: part.input.clone().unwrap_or_default(),
        asked_at: now,
        expires_at: None,
    })
}

fn tool_part<'a>(message: &'a mut UiMessage, call: &str) -> Option<&'a mut ToolPart> {
    message.parts.iter_mut().find_map(|part| match part {
        Part::Tool(tool) if tool.tool_call_id == call => Some(tool),
        _ => None,
    })
}

/// Writes an answer into the call it is for; an error where the call does not wait for it.
fn write(part: &mut ToolPart, answer: &Kind) -> Result<(), &'static str> {
    match (answer, part.state) {
        (Kind::Result(result), ToolState::InputAvailable) => {
            match result {
                Ok(output) => {
                    part.state = ToolState::OutputAvailable;
                    part.output = Some(output.clone());
                    part.other.insert("preliminary".to_owned(), false.into());
                }
                Err(error) => {
                    part.state = ToolState::OutputError;
                    part.error_text = Some(error.clone());
                }
            }
            Ok(())
        }
        (Kind::Decision { approved, reason, input }, ToolState::ApprovalRequested) => {
            let id = part.approval.take().map(|approval| approval.id).unwrap_or_default();
            let (approved, reason) = (*approved, reason.clone());
            part.approval = Some(Approval { id, approved: Some(approved), reason });
            part.state =
                if approved { ToolState::ApprovalResponded } else { ToolState::OutputDenied };
            if let (true, Some(input)) = (approved, input) {
                part.input = Some(input.clone());
            }
            Ok(())
        }
        (Kind::Result(_), _) => Err("That tool call was answered already."),
        (Kind::Decision { .. }, _) => Err("That tool call was decided on already."),
    }
}

/// Whether a part waits for a client or a person.
fn is_open(part: &Part) -> bool {
    use ToolState::{ApprovalRequested, InputAvailable, InputStreaming};
    matches!(part, Part::Tool(tool)
        if matches!(tool.state, InputStreaming | InputAvailable | ApprovalRequested))
}
