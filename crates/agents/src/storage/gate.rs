//! The output gate: nothing leaves an instance before the writes made ahead of it are durable.
//!
//! At level `process` a write is durable when its call returns, and there is no gate. At level
//! `power` it has to reach the disk first: what is sent meanwhile is held back, in order.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::extract::ws::Message;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::Syncer;
use crate::{AgentError, Connection};

/// Close code where the server failed.
const CODE_INTERNAL_ERROR: u16 = 1011;

#[derive(Debug)]
pub(crate) struct Gate {
    syncer: Syncer,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The database; its log is what has to be synced.
    file: Option<PathBuf>,
    /// Commits so far, and those of them that are on the disk.
    written: u64,
    durable: u64,
    /// Waits for the thread already.
    queued: bool,
    /// The disk has failed: nothing leaves any more.
    broken: bool,
    held: VecDeque<(u64, Held)>,
}

#[derive(Debug)]
enum Held {
    Message(Connection, Message),
    Waiter(oneshot::Sender<()>),
}

impl Gate {
    pub(super) fn new(syncer: Syncer) -> Self {
        Self { syncer, state: Mutex::default() }
    }

    /// Shuts the gate until what was just committed to `file` is on the disk.
    pub(super) fn written(self: &Arc<Self>, file: &Path) {
        let mut state = self.state.lock();
        state.written += 1;
        if state.file.is_none() {
            state.file = Some(file.to_owned());
        }
        if !std::mem::replace(&mut state.queued, true) {
            self.syncer.sync(Arc::clone(self));
        }
    }

    /// Hands a message back where it may leave at once, and otherwise keeps it.
    pub(crate) fn pass(&self, connection: &Connection, message: Message) -> Option<Message> {
        let mut state = self.state.lock();
        if state.broken {
            return None;
        }
        if state.held.is_empty() && state.durable == state.written {
            return Some(message);
        }
        let written = state.written;
        state.held.push_back((written, Held::Message(connection.clone(), message)));
        None
    }

    /// Completes when every write so far is on the disk.
    pub(crate) async fn durable(&self) -> Result<(), AgentError> {
        let told = {
            let mut state = self.state.lock();
            if state.broken {
                return Err(AgentError::NotDurable);
            }
            if state.durable == state.written {
                return Ok(());
            }
            let (tell, told) = oneshot::channel();
            let written = state.written;
            state.held.push_back((written, Held::Waiter(tell)));
            told
        };
        told.await.map_err(|_| AgentError::NotDurable)
    }

    /// What the thread has to sync, and up to which commit that counts.
    pub(super) fn begin(&self) -> (Option<PathBuf>, u64) {
        let mut state = self.state.lock();
        state.queued = false;
        (state.file.clone(), state.written)
    }

    /// Lets go what waited for the commits up to `durable`.
    pub(super) fn synced(&self, durable: u64) {
        let mut state = self.state.lock();
        state.durable = state.durable.max(durable);
        while state.held.front().is_some_and(|(written, _)| *written <= durable) {
            match state.held.pop_front() {
                Some((_, Held::Message(connection, message))) => connection.push(message),
                Some((_, Held::Waiter(waiter))) => {
                    let _ = waiter.send(());
                }
                None => {}
            }
        }
    }

    /// Breaks every promise that cannot be kept, in words.
    pub(super) fn failed(&self) {
        let mut state = self.state.lock();
        state.broken = true;
        for (_, held) in state.held.drain(..) {
            if let Held::Message(connection, _) = held {
                connection.close_now(CODE_INTERNAL_ERROR, "the disk has failed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::{Identity, connection::Opened};

    fn connection() -> Connection {
        let (request, ()) = Request::new(()).into_parts();
        let (id, identity) = ("c".to_owned(), Identity::anonymous());
        let (language, gate) = (None, None);
        Connection::new(Opened { id, request, identity, language, max_queued_bytes: 1000, gate })
    }

    async fn texts(connection: &Connection) -> Vec<String> {
        let taken = connection.outbox().take().await;
        taken.iter().map(|message| message.to_text().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn what_is_sent_after_a_write_waits_for_it_in_order() {
        let (syncer, asked) = Syncer::unattended();
        let (gate, connection) = (Arc::new(Gate::new(syncer)), connection());
        let send = |text: &str| {
            if let Some(message) = gate.pass(&connection, Message::text(text)) {
                connection.push(message);
            }
        };
        send("before");
        assert_eq!(texts(&connection).await, ["before"]);

        gate.written(Path::new("f"));
        send("after the first");
        let (_, first) = gate.begin();
        gate.written(Path::new("f"));
        send("after the second");
        let durable = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.durable().await }
        });
        gate.synced(first);
        assert_eq!(texts(&connection).await, ["after the first"]);
        let (file, second) = gate.begin();
        assert_eq!((file, second), (Some(PathBuf::from("f")), 2));
        gate.synced(second);
        assert_eq!(texts(&connection).await, ["after the second"]);
        durable.await.unwrap().unwrap();
        assert_eq!(asked.try_iter().count(), 2, "the thread was told of each, once");
    }

    #[tokio::test]
    async fn a_failed_disk_ends_what_waits() {
        let (syncer, _asked) = Syncer::unattended();
        let (gate, connection) = (Arc::new(Gate::new(syncer)), connection());
        gate.written(Path::new("f"));
        assert!(gate.pass(&connection, Message::text("never")).is_none());
        gate.failed();
        let taken = connection.outbox().take().await;
        assert!(matches!(taken.front(), Some(Message::Close(Some(frame))) if frame.code == 1011));
        assert!(matches!(gate.durable().await, Err(AgentError::NotDurable)));
    }
}
