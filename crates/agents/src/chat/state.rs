//! What a chat agent has in memory: the running turn and those that wait.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::Connection;

/// The turns of one instance that have not ended.
#[derive(Debug, Default)]
pub(crate) struct ChatState {
    /// Turns run one after the other, in the order they were asked for.
    pub(super) queue: Arc<tokio::sync::Mutex<()>>,
    turns: Mutex<Vec<LiveTurn>>,
    /// Connections that asked for a turn which waits; they are told when it runs.
    probes: Mutex<Vec<Connection>>,
}

/// What ends a turn from outside.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    /// Ends the turn; what it has written is kept.
    pub(super) abort: CancellationToken,
    /// Set when what it has written is not wanted either.
    pub(super) discard: CancellationToken,
}

#[derive(Debug)]
struct LiveTurn {
    id: String,
    running: bool,
    stop: Stop,
}

impl ChatState {
    /// Adds a turn; `None` where it is there already.
    pub(super) fn enqueue(&self, id: &str) -> Option<Stop> {
        let mut turns = self.turns.lock();
        if turns.iter().any(|turn| turn.id == id) {
            return None;
        }
        let stop = Stop::default();
        turns.push(LiveTurn { id: id.to_owned(), running: false, stop: stop.clone() });
        Some(stop)
    }

    /// Marks a turn as the one that runs, and answers who waited for one.
    pub(super) fn set_running(&self, id: &str) -> Vec<Connection> {
        for turn in self.turns.lock().iter_mut().filter(|turn| turn.id == id) {
            turn.running = true;
        }
        std::mem::take(&mut *self.probes.lock())
    }

    /// The id of the running turn.
    pub(super) fn running(&self) -> Option<String> {
        self.turns.lock().iter().find(|turn| turn.running).map(|turn| turn.id.clone())
    }

    /// The id of the first turn that waits.
    pub(super) fn waiting(&self) -> Option<String> {
        self.turns.lock().iter().find(|turn| !turn.running).map(|turn| turn.id.clone())
    }

    /// Remembers a connection until the next turn runs.
    pub(super) fn tell_when_running(&self, connection: &Connection) {
        let mut probes = self.probes.lock();
        if !probes.contains(connection) {
            probes.push(connection.clone());
        }
    }

    pub(super) fn stop(&self, id: &str) {
        for turn in self.turns.lock().iter().filter(|turn| turn.id == id) {
            turn.stop.abort.cancel();
        }
    }

    /// Ends every turn and keeps nothing of them.
    pub(super) fn discard_all(&self) {
        for turn in self.turns.lock().iter() {
            turn.stop.discard.cancel();
            turn.stop.abort.cancel();
        }
    }

    /// Removes a turn; where none is left to run, answers who still waits for one.
    pub(super) fn remove(&self, id: &str) -> Vec<Connection> {
        let mut turns = self.turns.lock();
        turns.retain(|turn| turn.id != id);
        if turns.is_empty() { std::mem::take(&mut *self.probes.lock()) } else { Vec::new() }
    }
}
