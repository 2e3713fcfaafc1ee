//! One turn, from what starts it to its last frame.

use std::{panic::AssertUnwindSafe, pin::pin, time::Duration};

use domovoi_protocol::{Chunk, ServerFrame, UiMessage, chat::ChatResponse};
use futures::{FutureExt, StreamExt};
use serde_json::json;
use tokio::time::{Instant, sleep_until};
use tracing::Instrument;

use super::{
    AiChatAgent, ApprovalRequest, ChatTurn, FinishedTurn, TurnOutcome, answers,
    approvals::{timers, trail},
    begin::{self, Begun},
    continued::{self, Continued},
    delta::{self, Changes},
    emitter::{Batch, Emitter},
    failure,
    follow::Follower,
    history,
    journal::{self, TurnStatus},
    order::Order,
    resume,
    state::Stop,
};
use crate::{AgentError, Connection, Context, HandlerError, Result};

/// Most chunks taken from an agent at a time.
const AT_A_TIME: usize = 256;

/// While words wait to be sent together, the agent is asked for more this often, and not woken by
/// each: a frame of a usual screen, by which a tool or an end may be noticed later.
const LOOK: Duration = Duration::from_millis(16);

/// Runs a turn whose time has come.
pub(super) async fn run<A: AiChatAgent>(
    cx: &Context<A>,
    mut order: Order,
    stop: &Stop,
) -> Result<Option<FinishedTurn>> {
    let follower = order.follower.take();
    let Some(begun) = begin::begin(cx, order)? else { return Ok(None) };
    cx.agents().activity().happened(cx.id());
    let Begun { id, requester, message, message_id, .. } = &begun;
    let emitter = Emitter::new(id, message_id.clone(), message.clone());
    if let Some(message) = message {
        let rejected = begun.rejected.as_deref();
        cx.chat().goes_on(Continued::new(id, requester.as_ref(), message, rejected));
    }
    match requester {
        // Who has asked for it by its id has no use for a notice.
        Some(asker) if begun.requested && continued::concerns(asker) => asker.set_parked(false),
        // Who asked for a continuation waits for its chunks until it has acknowledged the notice. It
        // has just been told what is gone on with.
        Some(asker) if message.is_some() => resume::announce(asker, id.clone(), None),
        Some(asker) => asker.set_parked(false),
        None => {}
    }
    for waiting in cx.chat().take_probes() {
        resume::offer(cx.chat(), &waiting, id.clone(), None);
    }
    // Who asked shows its message already; a client of ours is told what that left.
    delta::tell(cx, &begun.changes, |connection| {
        connection.is_ours() || Some(connection) != requester.as_ref()
    })?;
    let span = tracing::info_span!(
        target: "domovoi_trace",
        parent: None,
        "turn",
        agent = cx.agent(),
        instance = cx.name(),
        turn = id,
        outcome = tracing::field::Empty,
        otel.status_code = tracing::field::Empty,
    );
    let turn = Turn { cx, begun, emitter, follower };
    let finished = turn.drive(stop).instrument(span.clone()).await?;
    span.record("outcome", finished.outcome.name());
    if finished.outcome == TurnOutcome::Failed {
        span.record("otel.status_code", "ERROR");
    }
    Ok(Some(finished))
}

/// How the reply ended.
enum End {
    Completed,
    Aborted,
    Failed(String),
}

struct Turn<'a, A: AiChatAgent> {
    cx: &'a Context<A>,
    begun: Begun,
    emitter: Emitter,
    follower: Option<Follower>,
}

impl<A: AiChatAgent> Turn<'_, A> {
    async fn drive(mut self, stop: &Stop) -> Result<FinishedTurn> {
        let cx = self.cx;
        let reply = AssertUnwindSafe(self.reply(stop)).catch_unwind();
        let end = tokio::select! {
            biased;
            () = stop.abort.cancelled() => End::Aborted,
            end = reply => end.unwrap_or_else(|_| {
                tracing::error!("a chat agent panicked");
                cx.failed("a turn", &AgentError::Panicked.into());
                Ok(End::Failed("The agent failed unexpectedly. Please try again.".to_owned()))
            })?,
        };
        self.end(end, stop)
    }

    /// Asks the agent and streams its answer.
    async fn reply(&mut self, stop: &Stop) -> Result<End> {
        let attachments = std::mem::take(&mut self.begun.attachments);
        let turn = ChatTurn {
            request_id: self.begun.id.clone(),
            message_id: self.begun.message_id.clone(),
            trigger: self.begun.trigger,
            continuation: self.begun.message.is_some(),
            client_tools: attachments.client_tools,
            body: attachments.custom,
            abort: stop.abort.clone(),
        };
        if let Some(message) = &self.begun.message
            && message.metadata.as_ref().is_some_and(|metadata| metadata.get("turn").is_some())
        {
            // It was cut off once, and is gone on with now.
            let message_metadata = json!({"turn": null});
            self.emitter.add(Chunk::MessageMetadata { message_metadata });
        }
        let reply = match self.cx.this().on_chat_message(self.cx, turn).await {
            Ok(reply) => reply,
            Err(error) => return Ok(self.failed(&error)),
        };
        let running = self.cx.agents().turn_counts().begin();
        let mut chunks = reply.into_chunks().ready_chunks(AT_A_TIME);
        // One timer for all of them: each new one would wake the runtime's clock.
        let mut gathered = pin!(sleep_until(Instant::now()));
        loop {
            // What is there already comes first: an answer that is complete at once is written once.
            let ready = if self.emitter.is_full() { None } else { chunks.next().now_or_never() };
            let ready = match (ready, self.emitter.due(running.now())) {
                (Some(ready), _) => ready,
                (None, None) => chunks.next().await,
                (None, Some(due)) if due <= Instant::now() => {
                    self.flush()?;
                    // An agent that never waits must not keep others from running.
                    tokio::task::yield_now().await;
                    continue;
                }
                (None, Some(due)) => {
                    gathered.as_mut().reset(due.min(Instant::now() + LOOK));
                    gathered.as_mut().await;
                    continue;
                }
            };
            let Some(ready) = ready else { return Ok(End::Completed) };
            for chunk in ready {
                match chunk {
                    Ok(Chunk::Error { error_text }) => return Ok(End::Failed(error_text)),
                    Ok(chunk) => self.emitter.add(chunk),
                    Err(error) => return Ok(self.failed(&error)),
                }
            }
        }
    }

    fn failed(&self, error: &HandlerError) -> End {
        tracing::warn!(
            agent = self.cx.agent(),
            instance = self.cx.name(),
            error = error.for_log(),
            "a chat turn failed"
        );
        self.cx.failed("a turn", error);
        End::Failed(error.for_client())
    }

    /// Journals what waits, then sends it.
    fn flush(&mut self) -> Result<(), AgentError> {
        let Some(mut batch) = self.emitter.take() else { return Ok(()) };
        if batch.questions.is_empty() {
            // One statement is a transaction by itself.
            self.cx.database().with(|db| self.write(db, &batch))?;
        } else {
            let asked = self.asked(&mut batch)?;
            self.cx.sql().transaction(|db| {
                self.write(db, &batch)?;
                asked.iter().try_for_each(|request| trail::ask(db, request))
            })?;
        }
        self.send_batch(&batch);
        Ok(())
    }

    /// What people are asked in a batch.
    fn asked(&self, batch: &mut Batch) -> Result<Vec<ApprovalRequest>, AgentError> {
        let questions = std::mem::take(&mut batch.questions);
        timers::prepare(self.cx, &self.begun.message_id, questions)
    }

    fn write(&self, db: &rusqlite::Connection, batch: &Batch) -> Result<(), AgentError> {
        journal::append(db, &self.begun.id, batch.first, &batch.lines)
    }

    /// Ends the turn: the message is stored before anybody is told.
    fn end(mut self, end: End, stop: &Stop) -> Result<FinishedTurn> {
        let (status, mark, error) = match end {
            End::Completed => (TurnStatus::Completed, None, None),
            End::Aborted => (TurnStatus::Aborted, Some(json!({"outcome": "aborted"})), None),
            End::Failed(error) => {
                (TurnStatus::Error, Some(failure::kept(self.cx, &error)), Some(error))
            }
        };
        if let Some(turn) = mark
            && self.emitter.has_started()
        {
            self.emitter.abandon_calls("The turn ended before the tool answered.");
            let message_metadata = json!({ "turn": turn });
            self.emitter.add(Chunk::MessageMetadata { message_metadata });
            if status == TurnStatus::Aborted {
                self.emitter.add(Chunk::Abort { reason: None });
            }
        }
        let mut batch = self.emitter.take();
        let asked = batch.as_mut().map_or_else(|| Ok(Vec::new()), |batch| self.asked(batch))?;
        let mut streamed = self.emitter.finish();
        streamed.name_tools();
        let keep = journal::has_content(&streamed) && !stop.is_discarded();
        let message = keep.then(|| self.cx.this().sanitize_message(streamed.clone()));
        let limit = self.cx.this().chat_options().max_persisted_messages;
        // The journal is for those who miss something. Of an answer that is complete at once nobody
        // has anything yet; who is about to take it up needs all of it.
        let journalled = batch.as_ref().filter(|batch| {
            batch.first > 0 || self.cx.connections().iter().any(Connection::is_parked)
        });
        let removed = self.cx.sql().transaction(|db| {
            if let Some(batch) = journalled {
                self.write(db, batch)?;
            }
            asked.iter().try_for_each(|request| trail::ask(db, request))?;
            if let Some(message) = &message {
                self.store(db, message)?;
            }
            journal::end(db, &self.begun.id, status, error.as_deref())?;
            limit.map_or(Ok(Vec::new()), |keep| history::trim(db, keep))
        })?;
        if let Some(batch) = &batch {
            self.send_batch(batch);
        }
        if let Some(error) = &error {
            if let Some(follower) = &self.follower {
                follower.tell_chunk(Chunk::Error { error_text: error.clone() });
            }
            failure::tell(self.cx, &self.begun.id, error);
        }
        // Whoever saw the stream need not be told what it made, unless something else was kept.
        let differs = message.as_ref().is_some_and(|message| *message != streamed);
        let written = message.iter().filter(|_| differs).cloned().collect();
        let requester = self.begun.requester.clone();
        let was_there = self.begun.message.is_some();
        delta::tell(self.cx, &Changes { written, removed, ..Changes::default() }, |connection| {
            was_there || connection.is_ours() || Some(connection) != requester.as_ref()
        })?;
        self.done(status);
        let outcome = resume::finished(status);
        self.cx.agents().turn_counts().add(outcome);
        for answer in self.cx.chat().take_answers() {
            answers::apply_kept(self.cx, answer)?;
        }
        let Begun { id, .. } = self.begun;
        Ok(FinishedTurn { request_id: id, message, outcome, error })
    }

    fn store(&self, db: &rusqlite::Connection, message: &UiMessage) -> Result<(), AgentError> {
        match history::place(db, &message.id)? {
            Some(place) => history::replace(db, place.position, message).map(drop),
            // It was there when the turn began, and was deleted since.
            None if self.begun.message.is_some() => Ok(()),
            None => history::append(db, message, self.begun.anchor).map(drop),
        }
    }

    fn done(&mut self, status: TurnStatus) {
        let done = ChatResponse {
            message_ids: Some(std::mem::take(&mut self.begun.user_ids)),
            continuation: self.begun.message.is_some().then_some(true),
            ..ChatResponse::done(self.begun.id.as_str(), resume::outcome(status))
        };
        self.cx.broadcast(ServerFrame::from(done).to_json());
    }

    fn send_batch(&self, batch: &Batch) {
        if let Some(follower) = &self.follower {
            follower.tell(&batch.lines);
        }
        for frame in self.emitter.frames(batch) {
            self.cx.broadcast_to(frame, |connection| !connection.is_parked());
        }
    }
}
