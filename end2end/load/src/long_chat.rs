//! Turns in a conversation that is long already.

use std::time::Instant;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    chat_frames::{is_last, open, say},
    samples::Samples,
    server::Server,
    socket::name,
};

/// Messages that are written at a time.
const PART: usize = 500;

/// Turns that are not measured.
const WARM_UP: usize = 20;

/// Turns in a conversation that is long already, seen by another of our own clients.
#[derive(Debug, Args)]
pub(crate) struct LongChat {
    #[command(flatten)]
    server: Server,
    /// Messages of the conversation before the first turn
    #[arg(long, default_value_t = 10_000)]
    messages: usize,
    /// Turns that are measured
    #[arg(long, default_value_t = 200)]
    turns: usize,
    /// Tokens of an answer
    #[arg(long, default_value_t = 10)]
    tokens: usize,
}

impl LongChat {
    pub(crate) async fn run(self) -> Result<Value> {
        let name = name("long", self.messages);
        let mut asker = open(self.server.target, &name, true).await?;
        for first in (0..self.messages).step_by(PART) {
            let part = first..self.messages.min(first + PART);
            let messages: Vec<_> = part.map(message).collect();
            asker
                .send(json!({"type": "cf_agent_chat_messages", "messages": messages}).to_string())
                .await?;
        }
        let text = format!("gen tokens={} pace=0", self.tokens);
        // Who comes later gets nothing of what was written before.
        let mut watcher = None;
        let (mut samples, mut sent, mut seen) = (Samples::default(), 0, 0);
        let mut before = self.server.cpu()?;
        for turn in 0..WARM_UP + self.turns {
            if turn == WARM_UP {
                (samples, sent, seen) = (Samples::default(), 0, 0);
                before = self.server.cpu()?;
            }
            let frame = say(Uuid::new_v4(), &text);
            let begin = Instant::now();
            asker.send(frame).await?;
            loop {
                let frame = asker.next().await?;
                sent += frame.len();
                if is_last(&frame)? {
                    break;
                }
            }
            samples.push(begin.elapsed());
            if watcher.is_none() {
                watcher = Some(open(self.server.target, &name, true).await?);
                continue;
            }
            while let Some(watcher) = &mut watcher {
                let frame = watcher.next().await?;
                seen += frame.len();
                if is_last(&frame)? {
                    break;
                }
            }
        }
        let cpu = self.server.cpu_since(&before)?;
        let turns = self.turns as f64;
        Ok(json!({
            "cpu_seconds": cpu.as_secs_f64() / turns,
            "p50_seconds": samples.quantile(0.5),
            "p99_seconds": samples.quantile(0.99),
            "bytes": sent as f64 / turns,
            "watcher_bytes": seen as f64 / turns,
        }))
    }
}

/// A message of the history, questions and answers in turn.
fn message(index: usize) -> Value {
    let role = if index.is_multiple_of(2) { "user" } else { "assistant" };
    let text = format!("This is message {index} of a conversation that has gone on for long.");
    json!({
        "id": format!("message-{index}"),
        "role": role,
        "parts": [{"type": "text", "text": text}],
    })
}
