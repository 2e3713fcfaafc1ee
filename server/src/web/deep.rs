//! Parsers that call themselves for each level of what others wrote.

use std::thread;

/// So much is enough for the longest formula and the longest diagram.
const STACK_BYTES: usize = 64 << 20;

/// Runs a parser where it may call itself often; nothing also where it panics.
pub(super) fn on_deep_stack<T: Send>(parse: impl FnOnce() -> Option<T> + Send) -> Option<T> {
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK_BYTES);
        worker.spawn_scoped(scope, parse).ok()?.join().ok()?
    })
}
