//! What an old client sends.

use std::collections::HashSet;

use domovoi_protocol::{
    ClientFrame, Part, Role, UiMessage,
    chat::{ChatRequest, HistoryFrame},
    message::ToolState,
    tool::{ToolApproval, ToolResult},
};
use rusqlite::Connection as Database;
use serde_json::{Value, json};

use super::{is_current, is_old, message, shown_current, spoken};
use crate::{
    AgentError, Connection, Context, Result,
    chat::{
        AiChatAgent,
        answers::{self, Answer},
        approvals::notice,
        delta::{self, Changes},
        history,
    },
};

/// What the human-in-the-loop guide of `ai` 4 has as the result of a call that a person confirmed.
const CONFIRMED: &str = "Yes, confirmed.";

/// A frame that only an old client sends: messages in the old shape, which cannot be read as ours.
pub(in crate::chat) fn read<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    text: &str,
) -> Option<ClientFrame> {
    const KIND: &str = "cf_agent_chat_messages";
    // Most frames are something else.
    if !text.contains(KIND) || !text.contains(r#""content""#) {
        return None;
    }
    let frame: Value = serde_json::from_str(text).ok()?;
    let messages = frame["messages"].as_array().filter(|_| frame["type"] == KIND)?;
    if !message::are_old(messages) {
        return None;
    }
    spoken(cx, connection);
    let messages = messages.iter().filter_map(message::read).collect();
    Some(HistoryFrame { messages }.into())
}

/// Takes in what an old client means by a frame; the frame that is left to do, as ours.
pub(in crate::chat) fn receive<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    frame: ClientFrame,
) -> Result<Option<ClientFrame>> {
    match frame {
        ClientFrame::ChatRequest(request) => {
            let Some((mut body, messages)) = old_body(&request) else {
                shown_current(connection);
                cx.chat().set_old(false);
                return Ok(Some(ClientFrame::ChatRequest(request)));
            };
            spoken(cx, connection);
            if let Some(last) = messages.last() {
                answer_calls(cx, connection, last)?;
            }
            let messages: Vec<_> = cx.database().with(|db| {
                messages.into_iter().map(|message| ours(db, message)).collect::<Result<_, _>>()
            })?;
            body["messages"] = json!(messages);
            let mut request = request;
            request.init.body = Some(body.to_string());
            Ok(Some(ClientFrame::ChatRequest(request)))
        }
        ClientFrame::ChatMessages(history) if is_old(connection) => {
            replace(cx, connection, history.messages)?;
            Ok(None)
        }
        frame => {
            if is_current(&frame) {
                shown_current(connection);
            }
            Ok(Some(frame))
        }
    }
}

/// The body of a request, and its messages, where they have the old shape.
fn old_body(request: &ChatRequest) -> Option<(Value, Vec<UiMessage>)> {
    let text = request.init.body.as_deref()?;
    // A body can be long, and most are none of these.
    if !text.contains(r#""content""#) {
        return None;
    }
    let body: Value = serde_json::from_str(text).ok()?;
    let messages = body["messages"].as_array()?;
    let read =
        message::are_old(messages).then(|| messages.iter().filter_map(message::read).collect())?;
    Some((body, read))
}

/// An old client sends a tool's result as part of the message that called it.
fn answer_calls<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    sent: &UiMessage,
) -> Result<(), AgentError> {
    if sent.role != Role::Assistant {
        return Ok(());
    }
    let Some(stored) = cx.database().with(|db| history::get(db, &sent.id))? else { return Ok(()) };
    for part in &sent.parts {
        let Part::Tool(sent) = part else { continue };
        let Some(output) = &sent.output else { continue };
        let tool_call_id = sent.tool_call_id.clone();
        // The request that brings the answer goes on.
        let auto_continue = false;
        let answer = match stored.tool(&tool_call_id).map(|stored| stored.state) {
            Some(ToolState::InputAvailable) => {
                let result = ToolResult {
                    tool_call_id,
                    tool_name: sent.name().to_owned(),
                    output: Some(output.clone()),
                    state: None,
                    error_text: None,
                    auto_continue,
                    client_tools: None,
                };
                Answer::of_tool(connection, result)
            }
            Some(ToolState::ApprovalRequested) => {
                let approved = output == CONFIRMED;
                let reason = output.as_str().filter(|_| !approved).map(str::to_owned);
                let approval =
                    ToolApproval { tool_call_id, approved, reason, input: None, auto_continue };
                Answer::of_person(connection, approval)
            }
            _ => continue,
        };
        answers::apply(cx, answer)?;
    }
    Ok(())
}

/// The message as it is kept, where the client sends it back as it was told: the old shape has less.
fn ours(db: &Database, sent: UiMessage) -> Result<UiMessage, AgentError> {
    Ok(match history::get(db, &sent.id)? {
        Some(stored) if is_told(&stored, &sent) => stored,
        _ => sent,
    })
}

fn is_told(stored: &UiMessage, sent: &UiMessage) -> bool {
    let told = message::read(&message::write(stored));
    told.is_some_and(|told| told.role == sent.role && told.parts == sent.parts)
}

/// The history is to be these messages: what an old client leaves out at the end is left.
fn replace<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    messages: Vec<UiMessage>,
) -> Result<(), AgentError> {
    let to_others = |other: &Connection| other != connection;
    if messages.is_empty() {
        return cx.clear(to_others);
    }
    let messages: Vec<_> =
        messages.into_iter().map(|message| cx.this().sanitize_message(message)).collect();
    notice::before_messages_change(cx)?;
    let changes = cx.sql().transaction(|db| {
        let listed: HashSet<&str> = messages.iter().map(|message| message.id.as_str()).collect();
        let all = history::all(db)?;
        let left =
            all.iter().rev().take_while(|message| !listed.contains(message.id.as_str())).last();
        let mut changes = Changes::default();
        if let Some(left) = left
            && let Some(place) = history::place(db, &left.id)?
        {
            changes.removed = history::leave_from(db, place.position)?;
        }
        for message in &messages {
            let message = ours(db, message.clone())?;
            history::upsert(db, &message)?;
            changes.written.push(message);
        }
        Ok::<_, AgentError>(changes)
    })?;
    cx.history_changed();
    delta::tell(cx, &changes, to_others)
}
