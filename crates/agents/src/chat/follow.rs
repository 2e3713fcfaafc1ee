//! A turn as code of this process follows it.

use std::{
    fmt,
    pin::Pin,
    task::{self, Poll},
};

use domovoi_protocol::{Chunk, UiMessage};
use futures::Stream;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    AiChatAgent,
    order::{self, Order, Work},
};
use crate::Context;

/// The chunks of a turn that code of this process has asked for, each of them after it is durable,
/// as clients get them. A turn that fails ends with [`Chunk::Error`], one that is stopped with
/// [`Chunk::Abort`] where it had begun, and any other with [`Chunk::Finish`]. The stream is over
/// when the answer is stored.
///
/// Dropping it stops the turn, as a person does who presses stop: what is written is kept.
pub struct FollowedTurn {
    id: String,
    chunks: mpsc::UnboundedReceiver<Chunk>,
    stop: Box<dyn Fn() + Send + Sync>,
}

impl FollowedTurn {
    /// The turn's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Stream for FollowedTurn {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Chunk>> {
        self.chunks.poll_recv(cx)
    }
}

impl Drop for FollowedTurn {
    fn drop(&mut self) {
        (self.stop)();
    }
}

impl fmt::Debug for FollowedTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowedTurn").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where a turn tells its chunks.
pub(super) struct Follower(mpsc::UnboundedSender<Chunk>);

impl Follower {
    /// Tells chunks that are durable, a line each.
    pub(super) fn tell(&self, lines: &str) {
        for chunk in lines.lines().filter_map(|line| Chunk::parse(line).ok()) {
            self.tell_chunk(chunk);
        }
    }

    pub(super) fn tell_chunk(&self, chunk: Chunk) {
        // Who does not listen any more has stopped the turn.
        let _ = self.0.send(chunk);
    }
}

impl<A: AiChatAgent> Context<A> {
    /// As [`Context::ask_message`], and answers the chunks of the answer as they come: for a request
    /// of another program, say, that is answered with them.
    pub fn ask_and_follow(&self, message: UiMessage) -> FollowedTurn {
        let id = Uuid::now_v7().to_string();
        let (sender, chunks) = mpsc::unbounded_channel();
        let (work, follower) = (Work::Ask(vec![message]), Some(Follower(sender)));
        drop(order::start(self, Order { id: id.clone(), requester: None, work, follower }));
        let (cx, turn) = (self.clone(), id.clone());
        let stop = Box::new(move || {
            // One that has ended is not there any more.
            let _ = cx.abort_turn(&turn);
        });
        FollowedTurn { id, chunks, stop }
    }
}
