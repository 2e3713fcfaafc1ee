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
    /// All requests with a smaller id are cancelled.
    cancelled_below: Arc<AtomicU64>,
}

impl Orders {
    /// Starts reading stdin. Where it ends, the parent is gone: everything is cancelled, so the
    /// other thread ends within a token. To exit from here, below llama.cpp's feet, would crash.
    pub(super) fn listen() -> Self {
        let (sender, queue) = mpsc::channel();
        let cancelled_below = Arc::new(AtomicU64::new(0));
        let cancelled = Arc::clone(&cancelled_below);
        std::thread::spawn(move || {
            read(std::io::stdin().lock(), &sender, &cancelled);
            cancelled.store(u64::MAX, Ordering::Relaxed);
            drop(sender);
            std::thread::sleep(LAST_WORDS);
            std::process::abort();
        });
        Self { queue, cancelled_below }
    }

    /// The next order; none where the other thread ended.
    pub(super) fn next(&self) -> Option<Order> {
        self.queue.recv().ok()
    }

    /// Whether the request with this id, or a later one, was cancelled.
    pub(super) fn is_cancelled(&self, id: u64) -> bool {
        id < self.cancelled_below.load(Ordering::Relaxed)
    }
}

/// Reads orders to the end of the input, or to something that is none.
fn read(input: impl BufRead, sender: &Sender<Order>, cancelled_below: &AtomicU64) {
    for line in input.lines() {
        let Some(order) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else {
            return;
        };
        if let Order::Cancel { id } = order {
            cancelled_below.fetch_max(id + 1, Ordering::Relaxed);
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
        let cancelled_below = Arc::new(AtomicU64::new(0));
        read(input.as_bytes(), &sender, &cancelled_below);
        let orders = Orders { queue, cancelled_below };
        assert_eq!(orders.next(), Some(generate(1)));
        assert!(orders.is_cancelled(1) && !orders.is_cancelled(2));
    }
}
