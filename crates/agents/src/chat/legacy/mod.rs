//! Clients from the time of `ai` 4: npm `agents` up to 0.0.77 with `useAgentChat` of `agents/ai-react`.
//!
//! They differ in two things: messages have their text in `content` and tool calls as
//! `toolInvocations`, and an answer comes as lines of the AI SDK's data stream. Both are converted
//! here, at the border; the rest of the chat knows one shape only.
//!
//! Nothing in such a client's address says what it is, its messages do. Once one has spoken, the
//! conversation is an old one until a newer client asks something: connections that have not shown
//! what they are are spoken to as old ones, and so is who fetches the history. A newer client shows
//! itself when its chat begins, since it asks for a running turn, which no old one does.
//!
//! | module | what is in it |
//! |---|---|
//! | `message` | messages, there and back |
//! | `stream` | a turn's chunks as lines |
//! | `outgoing` | frames on their way to an old client |
//! | `incoming` | what an old client sends |

use axum::{
    Json,
    body::Body,
    extract::ws::Utf8Bytes,
    response::{IntoResponse, Response},
};
use domovoi_protocol::ClientFrame;
use http::{Method, Request};
use serde_json::Value;

use super::{AiChatAgent, history};
use crate::{AgentError, Connection, Context, Result, routing::query_value, storage::Tables};

mod incoming;
mod message;
mod outgoing;
mod stream;

pub(super) use incoming::{read, receive};
use outgoing::Outgoing;

/// Whether the client of a connection is an old one, as far as is known.
pub(super) fn is_old(connection: &Connection) -> bool {
    connection.dialect().is_rewritten()
}

/// Remembers whose conversation it is: the one's who asked last.
pub(super) fn recall<A: AiChatAgent>(cx: &Context<A>) -> Result<(), AgentError> {
    let newest = cx.database().read(Tables::Chat, |db| history::newest_of_user(db))?.flatten();
    cx.chat().set_old(newest.is_some_and(|newest| message::is_marked(&newest)));
    Ok(())
}

/// Speaks to a connection as the conversation's clients are spoken to.
pub(super) fn greet<A: AiChatAgent>(cx: &Context<A>, connection: &Connection) {
    if cx.chat().is_old() && !connection.is_ours() {
        connection.dialect().rewrite_unless_current(rewrite());
    }
}

/// An old client has spoken.
fn spoken<A: AiChatAgent>(cx: &Context<A>, connection: &Connection) {
    if !is_old(connection) {
        connection.dialect().rewrite(rewrite());
        connection.set_parked(false);
    }
    if !cx.chat().set_old(true) {
        cx.connections().iter().filter(|other| *other != connection).for_each(|other| {
            greet(cx, other);
        });
    }
}

/// A client has shown that it is none.
fn shown_current(connection: &Connection) {
    connection.dialect().set_current();
}

fn rewrite() -> impl FnMut(Utf8Bytes) -> Option<Utf8Bytes> + Send {
    let mut outgoing = Outgoing::default();
    move |frame| outgoing.rewrite(frame)
}

/// Answers `GET .../get-messages` in an old conversation; nothing for anything else. Clients of ours
/// ask for a page.
pub(super) fn answer<A: AiChatAgent>(
    cx: &Context<A>,
    request: &Request<Body>,
) -> Option<Result<Response>> {
    let uri = request.uri();
    let asks_for_all = request.method() == Method::GET
        && uri.path().ends_with("/get-messages")
        && ["before", "limit"].iter().all(|key| query_value(uri, key).is_none());
    (asks_for_all && cx.chat().is_old()).then(|| {
        let messages: Vec<Value> = cx.messages()?.iter().map(message::write).collect();
        Ok(Json(messages).into_response())
    })
}

/// Whether no old client sends such a frame.
fn is_current(frame: &ClientFrame) -> bool {
    matches!(
        frame,
        ClientFrame::ResumeRequest(_)
            | ClientFrame::ResumeAck(_)
            | ClientFrame::ToolResult(_)
            | ClientFrame::ToolApproval(_)
            | ClientFrame::SelectVersion(_)
    )
}
