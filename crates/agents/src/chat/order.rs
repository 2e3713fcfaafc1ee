//! Turns that are asked for: by clients, by the agent, and by answers to tool calls.

use domovoi_protocol::{
    Role, UiMessage,
    chat::{ChatBody, ChatRequest, ChatResponse, Outcome, Trigger},
    tool::ClientTool,
};

use tokio::sync::oneshot;

use super::{
    AiChatAgent, FinishedTurn,
    delta::{self, Changes},
    failure,
    follow::Follower,
    journal,
    options::Concurrency,
    resume,
    state::{Enqueued, Stop},
    turn,
};
use crate::{Connection, Context, Result};

/// A turn that is asked for.
pub(super) struct Order {
    /// Names the turn.
    pub(super) id: String,
    /// Who asked for it, where it was a client.
    pub(super) requester: Option<Connection>,
    pub(super) work: Work,
    /// Who follows it in this process.
    pub(super) follower: Option<Follower>,
}

pub(super) enum Work {
    /// What a client sent.
    Request(ChatBody),
    /// The agent itself writes these messages and answers them.
    Ask(Vec<UiMessage>),
    /// An answer is gone on with.
    Continue {
        message_id: String,
        /// The call whose rejection lets it go on.
        rejected: Option<String>,
        /// Where a client has said which it has now.
        client_tools: Option<Vec<ClientTool>>,
    },
}

/// Runs the turn a client asked for, when its time has come.
pub(super) async fn request<A: AiChatAgent>(
    cx: &Context<A>,
    connection: &Connection,
    request: ChatRequest,
) -> Result<()> {
    let id = request.id.clone();
    let body = match request.body() {
        Ok(body) => body,
        Err(error) => {
            failure::refuse(connection, &id, &error.to_string());
            return Ok(());
        }
    };
    let concurrency = cx.this().chat_options().concurrency;
    let new = match body.messages.last() {
        Some(last) if last.role == Role::User && body.trigger == Trigger::SubmitMessage => {
            std::slice::from_ref(last)
        }
        _ => &[],
    };
    let stop = match cx.chat().enqueue(&id, concurrency, new) {
        Enqueued::Waits(stop) => stop,
        Enqueued::Known => {
            // Sent again while it waits or runs.
            return resume::probe(cx, connection, Default::default());
        }
        Enqueued::Refused => {
            // The client shows it already; what is kept says otherwise.
            let changes = Changes { reload: true, ..Changes::default() };
            delta::tell(cx, &changes, |other| other == connection)?;
            connection.send_frame(&ChatResponse::done(id, Some(Outcome::Skipped)).into());
            return Ok(());
        }
    };
    let live = LiveGuard { cx, id: id.clone() };
    if let Some(status) = cx.database().with(|db| journal::status(db, &id))? {
        drop(live);
        return resume::repeat(cx, connection, &id, status);
    }
    if let Concurrency::Debounce(quiet) = concurrency {
        let _ = stop.abort.run_until_cancelled(tokio::time::sleep(quiet)).await;
    }
    let requester = Some(connection.clone());
    let order = Order { id, requester, work: Work::Request(body), follower: None };
    wait_and_run(cx, order, stop, live).await;
    Ok(())
}

/// Starts a turn that no client has asked for. It counts as waiting when this returns. Answers how
/// it has ended, to who wants to know; nothing comes where it never runs.
pub(super) fn start<A: AiChatAgent>(
    cx: &Context<A>,
    order: Order,
) -> oneshot::Receiver<FinishedTurn> {
    let (ended, end) = oneshot::channel();
    let Enqueued::Waits(stop) = cx.chat().enqueue(&order.id, Concurrency::Queue, &[]) else {
        return end;
    };
    let cx_of_turn = cx.clone();
    cx.spawn(async move {
        let cx = cx_of_turn;
        let live = LiveGuard { cx: &cx, id: order.id.clone() };
        if let Some(finished) = wait_and_run(&cx, order, stop, live).await {
            let _ = ended.send(finished);
        }
    });
    end
}

async fn wait_and_run<A: AiChatAgent>(
    cx: &Context<A>,
    order: Order,
    stop: Stop,
    live: LiveGuard<'_, A>,
) -> Option<FinishedTurn> {
    let (id, requester) = (order.id.clone(), order.requester.clone());
    let queue = cx.chat().queue.clone();
    let _turn = tokio::select! {
        biased;
        () = stop.abort.cancelled() => {
            let outcome =
                if stop.is_superseded() { Outcome::Skipped } else { Outcome::Aborted };
            if let Err(error) = cx.sql().transaction(|db| journal::never_ran(db, &id)) {
                tracing::error!(agent = cx.agent(), instance = cx.name(), %error, "a stopped turn cannot be noted");
            }
            if let Some(requester) = requester {
                requester.send_frame(&ChatResponse::done(id, Some(outcome)).into());
            }
            return None;
        }
        turn = queue.lock() => turn,
    };
    let result = turn::run(cx, order, &stop).await;
    drop(live);
    let finished = match result {
        Ok(finished) => finished?,
        Err(error) => {
            tracing::error!(agent = cx.agent(), instance = cx.name(), %error, "a chat turn cannot be stored");
            cx.failed("a turn", &error);
            if let Some(requester) = requester {
                failure::refuse(
                    &requester,
                    &id,
                    "The conversation could not be saved. Is the disk full?",
                );
            }
            return None;
        }
    };
    if let Err(error) = cx.this().on_finish(cx, &finished).await {
        tracing::warn!(agent = cx.agent(), instance = cx.name(), %error, "on_finish failed");
        cx.failed("on_finish", &error);
    }
    Some(finished)
}

/// Takes a turn off the list of live ones, however it ends.
struct LiveGuard<'a, A: AiChatAgent> {
    cx: &'a Context<A>,
    id: String,
}

impl<A: AiChatAgent> Drop for LiveGuard<'_, A> {
    fn drop(&mut self) {
        let cx = self.cx;
        for connection in cx.chat().remove(&self.id) {
            if let Err(error) = resume::none(cx, &connection, None) {
                tracing::error!(agent = cx.agent(), instance = cx.name(), %error, "who waits for a turn cannot be told that there is none");
            }
        }
    }
}
