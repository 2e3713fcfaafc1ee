//! What a chat agent has in memory: the running turn and those that wait.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU8, Ordering},
};

use domovoi_protocol::UiMessage;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::{answers::Answer, continued::Continued, options::Concurrency};
use crate::Connection;

/// The turns of one instance that have not ended.
#[derive(Debug, Default)]
pub(crate) struct ChatState {
    /// Turns run one after the other, in the order they were asked for.
    pub(super) queue: Arc<tokio::sync::Mutex<()>>,
    turns: Mutex<Vec<LiveTurn>>,
    /// Connections that asked for a turn which waits; they are told when it runs.
    probes: Mutex<Vec<Connection>>,
    /// Answers to tool calls of the message that is being written.
    answers: Mutex<Vec<Answer>>,
    /// The newest turn that goes on with an answer.
    continued: Mutex<Option<Arc<Continued>>>,
    /// Who asked last was a client from the time of `ai` 4.
    old: AtomicBool,
}

/// Why a turn is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Why {
    /// A person pressed stop; what is written is kept.
    Stopped = 1,
    /// The conversation was cleared; what is written is not wanted.
    Discarded = 2,
    /// A newer question has taken its place.
    Superseded = 3,
}

/// What ends a turn from outside.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    /// Cancelled when the turn is to end.
    pub(super) abort: CancellationToken,
    why: Arc<AtomicU8>,
}

impl Stop {
    fn now(&self, why: Why) {
        self.why.fetch_max(why as u8, Ordering::Relaxed);
        self.abort.cancel();
    }

    /// Whether what the turn has written is not wanted.
    pub(super) fn is_discarded(&self) -> bool {
        self.why.load(Ordering::Relaxed) == Why::Discarded as u8
    }

    pub(super) fn is_superseded(&self) -> bool {
        self.why.load(Ordering::Relaxed) == Why::Superseded as u8
    }
}

#[derive(Debug)]
struct LiveTurn {
    id: String,
    running: bool,
    stop: Stop,
    /// What it adds to the history, and before that what turns whose place it took would have.
    messages: Vec<UiMessage>,
}

/// What became of a turn that was asked for.
pub(super) enum Enqueued {
    Waits(Stop),
    /// It is there already.
    Known,
    /// There is another one, and the agent wants none beside it.
    Refused,
}

impl ChatState {
    /// Adds a turn that adds these messages to the history.
    pub(super) fn enqueue(
        &self,
        id: &str,
        concurrency: Concurrency,
        messages: &[UiMessage],
    ) -> Enqueued {
        let mut turns = self.turns.lock();
        if turns.iter().any(|turn| turn.id == id) {
            return Enqueued::Known;
        }
        let mut own = Vec::new();
        match concurrency {
            Concurrency::Queue => {}
            Concurrency::Drop if !turns.is_empty() => return Enqueued::Refused,
            Concurrency::Drop => {}
            Concurrency::Latest | Concurrency::Merge | Concurrency::Debounce(_) => {
                for turn in turns.iter_mut().filter(|turn| !turn.running) {
                    own.append(&mut turn.messages);
                    turn.stop.now(Why::Superseded);
                }
                own.extend_from_slice(messages);
            }
        }
        let stop = Stop::default();
        let live =
            LiveTurn { id: id.to_owned(), running: false, stop: stop.clone(), messages: own };
        turns.push(live);
        Enqueued::Waits(stop)
    }

    /// Marks a turn as the one that runs; answers the messages it took over from others, its own
    /// among them, and who waited for a turn.
    pub(super) fn set_running(&self, id: &str) -> Vec<UiMessage> {
        let mut taken = Vec::new();
        for turn in self.turns.lock().iter_mut().filter(|turn| turn.id == id) {
            turn.running = true;
            taken.append(&mut turn.messages);
        }
        taken
    }

    /// Connections that wait for a turn to run.
    pub(super) fn take_probes(&self) -> Vec<Connection> {
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

    /// Keeps an answer until the message it belongs to is stored.
    pub(super) fn answer_later(&self, answer: Answer) {
        self.answers.lock().push(answer);
    }

    pub(super) fn take_answers(&self) -> Vec<Answer> {
        std::mem::take(&mut *self.answers.lock())
    }

    /// Notes what a turn goes on with.
    pub(super) fn goes_on(&self, continued: Continued) {
        *self.continued.lock() = Some(Arc::new(continued));
    }

    /// What a turn goes on with, where it is the newest that does.
    pub(super) fn continued(&self, id: &str) -> Option<Arc<Continued>> {
        self.continued.lock().clone().filter(|continued| continued.id == id)
    }

    pub(super) fn is_old(&self) -> bool {
        self.old.load(Ordering::Relaxed)
    }

    /// Notes whether who asked last was an old client; whether it was one before.
    pub(super) fn set_old(&self, old: bool) -> bool {
        self.old.swap(old, Ordering::Relaxed)
    }

    /// Ends a turn; whether it was there.
    pub(super) fn stop(&self, id: &str) -> bool {
        let turns = self.turns.lock();
        let turn = turns.iter().find(|turn| turn.id == id);
        turn.inspect(|turn| turn.stop.now(Why::Stopped)).is_some()
    }

    /// Ends every turn.
    pub(super) fn stop_all(&self, why: Why) {
        self.turns.lock().iter().for_each(|turn| turn.stop.now(why));
    }

    /// Removes a turn; where none is left to run, answers who still waits for one.
    pub(super) fn remove(&self, id: &str) -> Vec<Connection> {
        let mut turns = self.turns.lock();
        turns.retain(|turn| turn.id != id);
        if turns.is_empty() { self.take_probes() } else { Vec::new() }
    }
}
