//! What waits to be written to one WebSocket, with a bound on its bytes.

use std::{
    collections::VecDeque,
    future::poll_fn,
    task::{Context, Poll, Waker},
};

use axum::extract::ws::Message;
use parking_lot::Mutex;

/// Messages on their way from an agent to a socket. Takes no memory while nothing waits.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Message>,
    /// Bytes that wait, those that the socket has taken and not yet written among them.
    bytes: usize,
    /// Nothing may be added any more.
    closed: bool,
    /// What waits is not worth writing: the client does not read.
    overflowed: bool,
    waker: Option<Waker>,
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    Queued,
    Closed,
    /// More bytes wait than may; the client reads too slowly.
    Full,
}

impl Outbox {
    /// Adds a message, where no more than `max_bytes` wait then; a single message may be larger.
    pub(crate) fn push(&self, message: Message, max_bytes: usize) -> Pushed {
        let mut state = self.state.lock();
        if state.closed {
            return Pushed::Closed;
        }
        let size = size_of(&message);
        if state.bytes > 0 && state.bytes + size > max_bytes {
            return Pushed::Full;
        }
        state.bytes += size;
        state.closed = matches!(message, Message::Close(_));
        state.messages.push_back(message);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        Pushed::Queued
    }

    /// Ends the connection without waiting for its client: it does not read.
    pub(crate) fn overflow(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.overflowed = true;
        state.messages = VecDeque::new();
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Refuses everything from now on.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Wakes the socket's task, whatever it waits for.
    pub(crate) fn wake(&self) {
        let waker = self.state.lock().waker.take();
        waker.into_iter().for_each(Waker::wake);
    }

    /// All messages that wait, at least one of them; nothing where the client has turned out not to
    /// read. The task is woken for either, and by [`Outbox::wake`].
    pub(crate) fn poll(&self, task: &Context<'_>) -> Poll<Option<VecDeque<Message>>> {
        let mut state = self.state.lock();
        if state.overflowed {
            return Poll::Ready(None);
        }
        if state.messages.is_empty() {
            state.wait(task);
            return Poll::Pending;
        }
        Poll::Ready(Some(std::mem::take(&mut state.messages)))
    }

    /// All messages that wait, at least one of them.
    pub(crate) async fn take(&self) -> VecDeque<Message> {
        poll_fn(|task| match self.poll(task) {
            Poll::Ready(Some(messages)) => Poll::Ready(messages),
            _ => Poll::Pending,
        })
        .await
    }

    /// Notes that what was taken is written.
    pub(crate) fn written(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
    }

    /// Ready when the client has turned out not to read.
    pub(crate) fn poll_overflowed(&self, task: &Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.overflowed {
            return Poll::Ready(());
        }
        state.wait(task);
        Poll::Pending
    }

    /// Completes when the client has turned out not to read.
    pub(crate) async fn overflowed(&self) {
        poll_fn(|task| self.poll_overflowed(task)).await;
    }
}

impl State {
    fn wait(&mut self, task: &Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(task.waker())) {
            self.waker = Some(task.waker().clone());
        }
    }
}

/// Bytes of a message's text or data.
pub(crate) fn size_of(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_count_until_they_are_written() {
        let outbox = Outbox::default();
        assert_eq!(outbox.push(Message::text("12345"), 3), Pushed::Queued, "one may be larger");
        assert_eq!(outbox.push(Message::text("1"), 5), Pushed::Full);
        assert_eq!(outbox.take().await.len(), 1);
        assert_eq!(outbox.push(Message::text("1"), 5), Pushed::Full, "taken is not written");
        outbox.written(5);
        assert_eq!(outbox.push(Message::text("1"), 5), Pushed::Queued);
        assert_eq!(outbox.push(Message::Close(None), 5), Pushed::Queued);
        assert_eq!(outbox.push(Message::text("1"), 5), Pushed::Closed);
        assert_eq!(outbox.take().await.len(), 2);
    }
}
