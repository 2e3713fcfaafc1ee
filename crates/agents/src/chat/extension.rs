//! Which frame goes where.

use axum::{body::Body, response::Response};
use domovoi_protocol::{ClientFrame, ServerFrame, UiMessage, chat::SelectVersion};
use futures::future::{BoxFuture, FutureExt};
use http::Request;

use super::{
    AiChatAgent,
    answers::{self, Answer},
    approvals::{notice, timers},
    delta::{self, Changes},
    history, journal, legacy, order, requests, resume, versions,
};
use crate::{Connection, Context, Result, extension::Extension, storage::Tables};

/// Makes an agent a chat agent.
pub(crate) struct ChatExtension;

impl<A: AiChatAgent> Extension<A> for ChatExtension {
    fn on_start(&self, cx: &Context<A>) -> Result<()> {
        cx.database().chats();
        cx.database().read(Tables::Chat, journal::recover)?;
        answers::apply_early(cx)?;
        legacy::recall(cx)?;
        Ok(())
    }

    fn on_connect(&self, cx: &Context<A>, connection: &Connection) {
        legacy::greet(cx, connection);
        if let Some(id) = cx.chat().running() {
            resume::offer(cx.chat(), connection, id, None);
        }
    }

    fn read(&self, cx: &Context<A>, connection: &Connection, text: &str) -> Option<ClientFrame> {
        legacy::read(cx, connection, text)
    }

    fn on_frame<'a>(
        &'a self,
        cx: &'a Context<A>,
        connection: &'a Connection,
        frame: ClientFrame,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            let Some(frame) = legacy::receive(cx, connection, frame)? else { return Ok(()) };
            match frame {
                ClientFrame::ChatRequest(request) => {
                    return order::request(cx, connection, request).await;
                }
                ClientFrame::ChatCancel(cancel) => {
                    // A stop can be quicker than the request, which then must not run.
                    if !cx.chat().stop(&cancel.id) {
                        stopped_already(cx, connection, &cancel.id)?;
                    }
                }
                ClientFrame::ChatClear(_) => {
                    // A client of ours is told as well: it may have asked for the history meanwhile, by another
                    // way, and have got what was there before.
                    cx.clear(|other| other != connection || other.is_ours())?;
                }
                ClientFrame::ChatMessages(frame) => {
                    cx.write_messages(frame.messages, |other| other != connection)?;
                }
                ClientFrame::ResumeRequest(probe) => resume::probe(cx, connection, probe)?,
                ClientFrame::ResumeAck(ack) => resume::acknowledge(cx, connection, &ack)?,
                ClientFrame::ToolResult(result) => {
                    answers::apply(cx, Answer::of_tool(connection, result))?;
                }
                ClientFrame::ToolApproval(approval) => {
                    answers::apply(cx, Answer::of_person(connection, approval))?;
                }
                ClientFrame::SelectVersion(select) => select_version(cx, connection, select)?,
                frame => {
                    let kind = frame.kind();
                    connection
                        .send_frame(&ServerFrame::error(format!("`{kind}` is not supported")));
                }
            }
            Ok(())
        }
        .boxed()
    }

    fn on_task<'a>(
        &'a self,
        cx: &'a Context<A>,
        task: &'a str,
        payload: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            match task {
                timers::TASK => timers::fire(cx, payload).await,
                notice::TASK => notice::fire(cx).await,
                _ => Err(format!("there is no task `{task}` any more").into()),
            }
        }
        .boxed()
    }

    fn on_request(&self, cx: &Context<A>, request: &Request<Body>) -> Option<Result<Response>> {
        legacy::answer(cx, request).or_else(|| requests::answer(cx, request))
    }
}

/// A stop for a turn that does not wait and does not run.
fn stopped_already<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    id: &str,
) -> Result<()> {
    let status = cx.sql().transaction(|db| {
        journal::never_ran(db, id)?;
        journal::status(db, id)
    })?;
    // Who stops it waits for its end, which may have gone to a connection that is lost.
    match status.filter(|_| connection.is_ours()) {
        Some(status) => resume::repeat(cx, connection, id, status),
        None => Ok(()),
    }
}

fn select_version<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    SelectVersion { version }: SelectVersion,
) -> Result<()> {
    if cx.chat().running().is_some() {
        let error = "Another version can be chosen when the answer is complete.";
        connection.send_frame(&ServerFrame::error(error));
        return Ok(());
    }
    notice::before_messages_change(cx)?;
    if !cx.database().with(|db| versions::select(db, version))? {
        connection.send_frame(&ServerFrame::error("There is no such version."));
        return Ok(());
    }
    delta::tell(cx, &Changes { reload: true, ..Changes::default() }, |_| true)?;
    // The way may end with a question whose turn has failed.
    for connection in cx.connections().iter().filter(|it| it.is_ours()) {
        resume::none(cx, connection, None)?;
    }
    cx.history_changed();
    Ok(())
}

impl<A: AiChatAgent> Context<A> {
    /// Writes messages into the history and tells the connections that `to` picks.
    pub(super) fn write_messages(
        &self,
        messages: Vec<UiMessage>,
        to: impl Fn(&Connection) -> bool,
    ) -> Result<(), crate::AgentError> {
        let written: Vec<_> =
            messages.into_iter().map(|message| self.this().sanitize_message(message)).collect();
        let limit = self.this().chat_options().max_persisted_messages;
        notice::before_messages_change(self)?;
        let changes = self.sql().transaction(|db| {
            let mut changes = Changes::default();
            for message in written {
                let is_new = history::upsert(db, &message)?;
                if is_new { &mut changes.written } else { &mut changes.updated }.push(message);
            }
            changes.removed = limit.map_or(Ok(Vec::new()), |keep| history::trim(db, keep))?;
            Ok::<_, crate::AgentError>(changes)
        })?;
        self.history_changed();
        delta::tell(self, &changes, to)
    }
}
