//! The thread that reads stdin.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use super::protocol::Order;

/// A worker that still runs so long after its parent hangs, or loads from a very slow disk.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// Orders in their order, but for cancellations, which are known at once.
pub(super) struct Orders {
    queue: Receiver<Order>,
    heard: Arc<Heard>,
}

/// What the two threads know of each other.
#[derive(Debug, Default)]
struct Heard {
    /// All requests with a smaller id are cancelled.
    cancelled_below: AtomicU64,
    /// Tokens of answers so far.
    tokens: AtomicU64,
    /// How many there were when a cancellation was heard last.
    tokens_then: AtomicU64,
}

impl Heard {
    fn cancel_below(&self, id: u64) {
        self.tokens_then.store(self.tokens.load(Ordering::SeqCst), Ordering::SeqCst);
        self.cancelled_below.fetch_max(id, Ordering::SeqCst);
    }
}

impl Orders {
    /// Starts reading stdin. Where it ends, the parent is gone: everything is cancelled, so the
    /// other thread ends within a token. To exit from here, below llama.cpp's feet, would crash.
    pub(super) fn listen() -> Self {
        let (sender, queue) = mpsc::channel();
        let heard = Arc::new(Heard::default());
        let hearing = Arc::clone(&heard);
        std::thread::spawn(move || {
            read(std::io::stdin().lock(), &sender, &hearing);
            hearing.cancel_below(u64::MAX);
            drop(sender);
            std::thread::sleep(LAST_WORDS);
            std::process::abort();
        });
        Self { queue, heard }
    }

    /// The next order; none where the other thread ended.
    pub(super) fn next(&self) -> Option<Order> {
        self.queue.recv().ok()
    }

    /// Whether the request with this id, or a later one, was cancelled.
    pub(super) fn is_cancelled(&self, id: u64) -> bool {
        id < self.heard.cancelled_below.load(Ordering::SeqCst)
    }

    /// Counts a token of an answer.
    pub(super) fn count_token(&self) {
        self.heard.tokens.fetch_add(1, Ordering::SeqCst);
    }

    /// Tokens that came after the cancellation was heard of the request with this id.
    pub(super) fn late_tokens(&self, id: u64) -> u64 {
        if !self.is_cancelled(id) {
            return 0;
        }
        let then = self.heard.tokens_then.load(Ordering::SeqCst);
        self.heard.tokens.load(Ordering::SeqCst).saturating_sub(then)
    }
}

/// Reads orders to the end of the input, or to something that is none.
fn read(input: impl BufRead, sender: &Sender<Order>, heard: &Heard) {
    for line in input.lines() {
        let Some(order) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else {
            return;
        };
        if let Order::Cancel { id } = order {
            heard.cancel_below(id + 1);
        } else if sender.send(order).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::protocol::Generate;
    use super::*;

    #[test]
    fn a_cancellation_overtakes() {
        let generate = |id| {
            Order::Generate(Generate {
                id,
                messages: vec![],
                max_tokens: None,
                temperature: None,
                constraint: None,
            })
        };
        let lines = [generate(1), generate(2), Order::Cancel { id: 1 }];
        let input: String =
            lines.iter().map(|order| serde_json::to_string(order).unwrap() + "\n").collect();
        let (sender, queue) = mpsc::channel();
        let heard = Arc::new(Heard::default());
        read(input.as_bytes(), &sender, &heard);
        let orders = Orders { queue, heard };
        assert_eq!(orders.next(), Some(generate(1)));
        assert!(orders.is_cancelled(1) && !orders.is_cancelled(2));
    }
}
