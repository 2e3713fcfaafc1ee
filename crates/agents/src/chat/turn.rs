//! One turn, from the request to the last frame.
//!
//! Every chunk is journalled before it is sent, so whatever a client has seen survives the
//! process.

use std::panic::AssertUnwindSafe;

use domovoi_protocol::{
    Chunk, Reducer, ServerFrame,
    chat::{ChatBody, ChatRequest, ChatResponse, Outcome},
};
use futures::{FutureExt, StreamExt};
use serde_json::json;
use uuid::Uuid;

use super::{
    AiChatAgent, ChatTurn,
    extension::broadcast_history,
    history,
    journal::{self, TurnStatus},
    resume,
    state::Stop,
};
use crate::{AgentError, Connection, Context, HandlerError, Result};

/// Most chunks journalled and sent as one batch.
const MAX_BATCH: usize = 64;

/// Runs the turn a client asked for, after those that wait already.
pub(super) async fn run<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    request: ChatRequest,
) -> Result<()> {
    let id = request.id.clone();
    let body = match request.body() {
        Ok(body) => body,
        Err(error) => {
            refuse(connection, &id, &error.to_string());
            return Ok(());
        }
    };
    let Some(stop) = cx.chat().enqueue(&id) else {
        // Sent again while it waits or runs.
        resume::probe(cx.chat(), connection, Default::default());
        return Ok(());
    };
    let live = LiveGuard { cx, id: &id };
    if let Some(status) = journal::status(cx.database(), &id)? {
        return resume::repeat(cx, connection, &id, status);
    }
    let queue = cx.chat().queue.clone();
    let _turn = tokio::select! {
        turn = queue.lock() => turn,
        () = stop.abort.cancelled() => {
            connection.send_frame(&ChatResponse::done(id.as_str(), Some(Outcome::Aborted)).into());
            return Ok(());
        }
    };
    let result = Turn::begin(cx, connection, &id, &body);
    let result = match result {
        Ok(turn) => turn.drive(body, &stop).await,
        Err(error) => Err(error),
    };
    drop(live);
    if let Err(error) = &result {
        tracing::error!(agent = cx.agent(), instance = cx.name(), %error, "a chat turn cannot be stored");
        refuse(connection, &id, "The conversation could not be saved. Is the disk full?");
    }
    Ok(())
}

/// Answers a request that does not become a turn.
fn refuse(connection: &Connection, id: &str, error: &str) {
    connection.send_frame(&ChatResponse::error(id, error).into());
    connection.send_frame(&ChatResponse::done(id, Some(Outcome::Error)).into());
}

/// Takes a turn off the list of live ones, however it ends.
struct LiveGuard<'a, A: AiChatAgent> {
    cx: &'a Context<A>,
    id: &'a str,
}

impl<A: AiChatAgent> Drop for LiveGuard<'_, A> {
    fn drop(&mut self) {
        for connection in self.cx.chat().remove(self.id) {
            resume::none(&connection, None);
        }
    }
}

/// How the reply ended.
enum End {
    Completed,
    Aborted,
    Failed(String),
}

struct Turn<'a, A: AiChatAgent> {
    cx: &'a Context<A>,
    connection: &'a Connection,
    id: &'a str,
    message_id: String,
    user_ids: Vec<String>,
    reducer: Reducer,
    started: bool,
    next_seq: u64,
}

impl<'a, A: AiChatAgent> Turn<'a, A> {
    /// Writes the person's message and the begin of the turn, and tells the other connections.
    fn begin(
        cx: &'a Context<A>,
        connection: &'a Connection,
        id: &'a str,
        body: &ChatBody,
    ) -> Result<Self> {
        let message_id = Uuid::now_v7().to_string();
        let merged = cx.sql().transaction(|transaction| {
            journal::begin(transaction, id, &message_id)?;
            history::merge(transaction, &body.messages, body.trigger)
        })?;
        connection.set_parked(false);
        for waiting in cx.chat().set_running(id) {
            resume::offer(&waiting, id.to_owned(), None);
        }
        broadcast_history(cx, |other| other != connection)?;
        let reducer = Reducer::new(message_id.as_str());
        let user_ids = merged.user_ids;
        let (started, next_seq) = (false, 0);
        Ok(Self { cx, connection, id, message_id, user_ids, reducer, started, next_seq })
    }

    async fn drive(mut self, body: ChatBody, stop: &Stop) -> Result<()> {
        let reply = AssertUnwindSafe(self.reply(body)).catch_unwind();
        let end = tokio::select! {
            biased;
            () = stop.abort.cancelled() => End::Aborted,
            end = reply => end.unwrap_or_else(|_| {
                tracing::error!("a chat agent panicked");
                Ok(End::Failed("The agent failed unexpectedly. Please try again.".to_owned()))
            })?,
        };
        self.end(end, stop)
    }

    /// Asks the agent and streams its answer.
    async fn reply(&mut self, body: ChatBody) -> Result<End> {
        let turn = ChatTurn {
            request_id: self.id.to_owned(),
            message_id: self.message_id.clone(),
            client_tools: body.client_tools.unwrap_or_default(),
            body: body.custom,
        };
        let reply = match self.cx.this().on_chat_message(self.cx, turn).await {
            Ok(reply) => reply,
            Err(error) => return Ok(self.failed(&error)),
        };
        let mut batches = reply.into_chunks().ready_chunks(MAX_BATCH);
        while let Some(batch) = batches.next().await {
            let mut chunks = Vec::with_capacity(batch.len());
            let mut failure = None;
            for chunk in batch {
                match chunk {
                    Ok(Chunk::Error { error_text }) => failure = Some(End::Failed(error_text)),
                    Ok(chunk) => chunks.push(chunk),
                    Err(error) => failure = Some(self.failed(&error)),
                }
                if failure.is_some() {
                    break;
                }
            }
            self.emit(chunks)?;
            if let Some(failure) = failure {
                return Ok(failure);
            }
        }
        Ok(End::Completed)
    }

    fn failed(&self, error: &HandlerError) -> End {
        tracing::warn!(agent = self.cx.agent(), instance = self.cx.name(), %error, "a chat turn failed");
        End::Failed(error.to_string())
    }

    /// Journals chunks, then sends them.
    fn emit(&mut self, mut chunks: Vec<Chunk>) -> Result<(), AgentError> {
        if chunks.is_empty() {
            return Ok(());
        }
        if !self.started {
            self.started = true;
            if !matches!(chunks.first(), Some(Chunk::Start { .. })) {
                chunks.insert(0, Chunk::Start { message_id: None, message_metadata: None });
            }
        }
        for chunk in &mut chunks {
            if let Chunk::Start { message_id, .. } = chunk {
                *message_id = Some(self.message_id.clone());
            }
            self.reducer.apply(chunk);
        }
        let bodies: Vec<String> = chunks.iter().map(Chunk::to_json).collect();
        journal::append(self.cx.database(), self.id, self.next_seq, &bodies)?;
        for body in bodies {
            let frame = ChatResponse {
                id: self.id.to_owned(),
                body,
                seq: Some(self.next_seq),
                ..ChatResponse::default()
            };
            self.next_seq += 1;
            self.send(&frame.into());
        }
        Ok(())
    }

    /// Ends the turn: the message is stored before anybody is told.
    fn end(mut self, end: End, stop: &Stop) -> Result<()> {
        let (status, mark) = match &end {
            End::Completed => (TurnStatus::Completed, None),
            End::Aborted => (TurnStatus::Aborted, Some(json!({"outcome": "aborted"}))),
            End::Failed(error) => {
                (TurnStatus::Error, Some(json!({"outcome": "error", "error": error})))
            }
        };
        if let Some(turn) = mark
            && self.started
        {
            let mut last =
                vec![Chunk::MessageMetadata { message_metadata: json!({ "turn": turn }) }];
            if matches!(end, End::Aborted) {
                last.push(Chunk::Abort { reason: None });
            }
            self.emit(last)?;
        }
        let reducer = std::mem::replace(&mut self.reducer, Reducer::new(""));
        let message = reducer.finish();
        let keep = message.parts.iter().any(journal::is_content) && !stop.discard.is_cancelled();
        journal::end(self.cx.database(), self.id, status, keep.then_some(&message))?;
        if let End::Failed(error) = end {
            self.send(&ChatResponse::error(self.id, error).into());
        }
        let requester = self.connection;
        broadcast_history(self.cx, |connection| connection != requester)?;
        let message_ids = Some(std::mem::take(&mut self.user_ids));
        let done = ChatResponse::done(self.id, resume::outcome(status));
        let done = ServerFrame::from(ChatResponse { message_ids, ..done });
        self.cx.broadcast(done.to_json());
        Ok(())
    }

    fn send(&self, frame: &ServerFrame) {
        self.cx.broadcast_to(frame.to_json(), |connection| !connection.is_parked());
    }
}
