//! Which frame goes where.

use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use domovoi_protocol::{ClientFrame, ServerFrame, UiMessage, chat::HistoryFrame, frame::Empty};
use futures::future::{BoxFuture, FutureExt};
use http::{Method, Request};

use super::{AiChatAgent, history, journal, resume, turn};
use crate::{Connection, Context, Result, extension::Extension};

/// Makes an agent a chat agent.
pub(crate) struct ChatExtension;

impl<A: AiChatAgent> Extension<A> for ChatExtension {
    fn on_start(&self, cx: &Context<A>) -> Result<()> {
        cx.database().chats();
        if cx.database().exists() {
            journal::recover(cx.database())?;
        }
        Ok(())
    }

    fn on_connect(&self, cx: &Context<A>, connection: &Connection) {
        if let Some(id) = cx.chat().running() {
            resume::offer(connection, id, None);
        }
    }

    fn on_frame<'a>(
        &'a self,
        cx: &'a Context<A>,
        connection: &'a Connection,
        frame: ClientFrame,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            match frame {
                ClientFrame::ChatRequest(request) => turn::run(cx, connection, request).await,
                ClientFrame::ChatCancel(cancel) => {
                    cx.chat().stop(&cancel.id);
                    Ok(())
                }
                ClientFrame::ChatClear(_) => clear(cx, connection),
                ClientFrame::ChatMessages(frame) => write(cx, connection, &frame.messages),
                ClientFrame::ResumeRequest(probe) => {
                    resume::probe(cx.chat(), connection, probe);
                    Ok(())
                }
                ClientFrame::ResumeAck(ack) => resume::acknowledge(cx, connection, &ack),
                frame => {
                    let kind = frame.kind();
                    connection
                        .send_frame(&ServerFrame::error(format!("`{kind}` is not supported")));
                    Ok(())
                }
            }
        }
        .boxed()
    }

    fn on_request(&self, cx: &Context<A>, request: &Request<Body>) -> Option<Result<Response>> {
        let is_get = request.method() == Method::GET;
        (is_get && request.uri().path().ends_with("/get-messages"))
            .then(|| Ok(Json(cx.messages()?).into_response()))
    }
}

fn clear<A: AiChatAgent>(cx: &Context<A>, sender: &Connection) -> Result<()> {
    cx.chat().discard_all();
    history::clear(cx.database())?;
    let frame = ServerFrame::ChatClear(Empty {});
    cx.broadcast_to(frame.to_json(), |connection| connection != sender);
    Ok(())
}

fn write<A: AiChatAgent>(
    cx: &Context<A>,
    sender: &Connection,
    messages: &[UiMessage],
) -> Result<()> {
    cx.sql().transaction(|transaction| {
        messages.iter().try_for_each(|message| history::upsert(transaction, message))
    })?;
    broadcast_history(cx, |connection| connection != sender)
}

/// Sends the whole history to the connections that `to` picks.
pub(super) fn broadcast_history<A: AiChatAgent>(
    cx: &Context<A>,
    to: impl Fn(&Connection) -> bool,
) -> Result<()> {
    if cx.connections().iter().any(&to) {
        let frame = ServerFrame::from(HistoryFrame { messages: cx.messages()? });
        cx.broadcast_to(frame.to_json(), to);
    }
    Ok(())
}
