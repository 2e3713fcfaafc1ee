//! What the agents of a process are doing, in numbers: for whoever watches it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::{Agents, chat::TurnOutcome};

/// What the agents of a process are doing. Counts begin at 0 with the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figures {
    /// Instances that are awake now.
    pub awake_instances: usize,
    /// WebSockets that are open now.
    pub open_connections: usize,
    /// Chat turns whose answers are being made now.
    pub running_turns: usize,
    /// Chat turns that came to their end.
    pub completed_turns: u64,
    /// Chat turns that somebody stopped.
    pub aborted_turns: u64,
    /// Chat turns that ended with an error.
    pub failed_turns: u64,
    /// Messages that agents have read of their conversations.
    pub messages_read: u64,
}

/// Chat turns that run and that have ended, and what agents have read for them.
#[derive(Debug, Default)]
pub(crate) struct TurnCounts {
    running: AtomicUsize,
    completed: AtomicU64,
    aborted: AtomicU64,
    failed: AtomicU64,
    read: AtomicU64,
}

/// A turn that counts as running until this is dropped.
pub(crate) struct RunningTurn<'a>(&'a AtomicUsize);

impl RunningTurn<'_> {
    /// How many run now, this one among them.
    pub(crate) fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for RunningTurn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl TurnCounts {
    pub(crate) fn begin(&self) -> RunningTurn<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        RunningTurn(&self.running)
    }

    pub(crate) fn add(&self, outcome: TurnOutcome) {
        let count = match outcome {
            TurnOutcome::Completed => &self.completed,
            TurnOutcome::Aborted => &self.aborted,
            TurnOutcome::Failed => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_read(&self, messages: usize) {
        self.read.fetch_add(messages as u64, Ordering::Relaxed);
    }
}

impl Agents {
    /// What they are doing.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let turns = self.turn_counts();
        Figures {
            awake_instances: self.lifecycle().awake(),
            open_connections: self.lifecycle().open_sockets(),
            running_turns: turns.running.load(Ordering::Relaxed),
            completed_turns: turns.completed.load(Ordering::Relaxed),
            aborted_turns: turns.aborted.load(Ordering::Relaxed),
            failed_turns: turns.failed.load(Ordering::Relaxed),
            messages_read: turns.read.load(Ordering::Relaxed),
        }
    }
}
