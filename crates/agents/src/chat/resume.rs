//! Taking up a turn again: notices, acknowledgements, replay.
//!
//! Nothing here awaits, so no chunk can come between a replay and the live chunks after it.

use domovoi_protocol::{
    ServerFrame,
    chat::{ChatResponse, MessageUpdated, Outcome},
    resume::{PendingFrame, ResumeAck, ResumeNone, ResumeNoneReason, ResumeRequest, ResumingFrame},
};

use super::{
    AiChatAgent, ChatState, TurnOutcome, continued,
    delta::{self, Changes},
    failure,
    journal::{self, TurnStatus},
    legacy,
};
use crate::{AgentError, Connection, Context, Result, storage::Tables};

/// Offers a running turn to a connection.
pub(super) fn offer(
    chat: &ChatState,
    connection: &Connection,
    id: String,
    probe_id: Option<String>,
) {
    if let Some(continued) = chat.continued(&id).filter(|_| continued::concerns(connection)) {
        let message = continued.message().clone();
        connection.send_frame(&MessageUpdated { message }.into());
    }
    announce(connection, id, probe_id);
}

/// Tells a connection of a turn, of which it gets no live chunks until it acknowledges.
pub(super) fn announce(connection: &Connection, id: String, probe_id: Option<String>) {
    // An old client knows no notices, and would be left without chunks.
    if legacy::is_old(connection) {
        return;
    }
    connection.set_parked(true);
    connection.send_frame(&ServerFrame::from(ResumingFrame { id, probe_id }));
}

/// Answers whether a turn is running.
pub(super) fn probe<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    probe: ResumeRequest,
) -> Result<()> {
    let (chat, probe_id) = (cx.chat(), probe.probe_id);
    if let Some(id) = chat.running() {
        offer(chat, connection, id, probe_id);
    } else if let Some(id) = chat.waiting() {
        chat.tell_when_running(connection);
        let pending = PendingFrame { id: Some(id), probe_id };
        connection.send_frame(&ServerFrame::from(pending));
    } else {
        none(cx, connection, probe_id)?;
    }
    Ok(())
}

/// Says that there is nothing to take up, and to a client of ours, which may have missed it, what
/// became of a question without an answer.
pub(super) fn none<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    probe_id: Option<String>,
) -> Result<()> {
    let error = match connection.is_ours() {
        true => cx.database().read(Tables::Chat, |db| journal::failure(db))?.flatten(),
        false => None,
    };
    let error = error.map(|error| connection.in_words(error));
    let none = ResumeNone { reason: Some(ResumeNoneReason::Idle), probe_id, error };
    connection.send_frame(&ServerFrame::from(none));
    Ok(())
}

/// Sends a connection the chunks it is missing, then lets it have the live ones.
pub(super) fn acknowledge<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    ack: &ResumeAck,
) -> Result<()> {
    let (missing, status, error, goes_on) = cx.database().with(|db| {
        Ok::<_, AgentError>((
            journal::chunks(db, &ack.id, ack.after)?,
            journal::status(db, &ack.id)?,
            journal::error(db, &ack.id)?,
            journal::goes_on(db, &ack.id)?,
        ))
    })?;
    // A client that is not told would write a second message.
    let continuation = goes_on.then_some(true);
    let continued = cx.chat().continued(&ack.id).filter(|_| continued::concerns(connection));
    for chunk in continued.iter().flat_map(|continued| continued.head()) {
        connection.send_frame(&ServerFrame::from(ChatResponse {
            id: ack.id.clone(),
            body: chunk.to_json(),
            replay: Some(true),
            continuation,
            ..ChatResponse::default()
        }));
    }
    let numbered = continued.is_none_or(|continued| continued.was_asked_by(connection));
    for (seq, body) in missing {
        connection.send_frame(&ServerFrame::from(ChatResponse {
            id: ack.id.clone(),
            body,
            seq: numbered.then_some(seq),
            replay: Some(true),
            continuation,
            ..ChatResponse::default()
        }));
    }
    connection.set_parked(false);
    let running = cx.chat().running().is_some_and(|id| id == ack.id);
    let last = if running {
        ChatResponse {
            id: ack.id.clone(),
            replay: Some(true),
            replay_complete: Some(true),
            continuation,
            ..ChatResponse::default()
        }
    } else {
        failure::repeat(connection, &ack.id, error);
        let outcome = status.and_then(outcome);
        let done = ChatResponse::done(ack.id.as_str(), outcome);
        ChatResponse { replay: Some(true), continuation, ..done }
    };
    connection.send_frame(&ServerFrame::from(last));
    // Another turn may have begun while the connection made up its mind: its first chunks are gone
    // by.
    if let Some(other) = cx.chat().running().filter(|id| *id != ack.id) {
        offer(cx.chat(), connection, other, None);
    }
    Ok(())
}

/// Answers a request whose turn is over: it was sent again after a reconnect.
pub(super) fn repeat<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    id: &str,
    status: TurnStatus,
) -> Result<()> {
    let changes = Changes { reload: true, ..Changes::default() };
    delta::tell(cx, &changes, |other| other == connection)?;
    failure::repeat(connection, id, cx.database().with(|db| journal::error(db, id))?);
    connection.send_frame(&ServerFrame::from(ChatResponse::done(id, outcome(status))));
    Ok(())
}

/// How a turn ended, as it is told to clients; nothing on a normal end.
pub(super) fn outcome(status: TurnStatus) -> Option<Outcome> {
    match status {
        TurnStatus::Running | TurnStatus::Completed => None,
        TurnStatus::Aborted => Some(Outcome::Aborted),
        TurnStatus::Error | TurnStatus::Interrupted => Some(Outcome::Error),
    }
}

/// How a turn that has run ended, as the agent is told.
pub(super) fn finished(status: TurnStatus) -> TurnOutcome {
    match status {
        TurnStatus::Running | TurnStatus::Completed => TurnOutcome::Completed,
        TurnStatus::Aborted => TurnOutcome::Aborted,
        TurnStatus::Error | TurnStatus::Interrupted => TurnOutcome::Failed,
    }
}
