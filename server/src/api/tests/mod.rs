//! The API over a socket, and a model that says what a test wants.

mod assistant;
mod scopes;

use serde_json::Value;

/// The deltas of a stream, and whether it ended as it should.
fn deltas(text: &str) -> (Vec<Value>, bool) {
    let mut events: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let done = events.pop_if(|last| *last == "[DONE]").is_some();
    let chunks = events.iter().map(|event| serde_json::from_str::<Value>(event).unwrap());
    (chunks.map(|chunk| chunk["choices"][0]["delta"].clone()).collect(), done)
}
