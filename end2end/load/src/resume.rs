//! Taking up a turn that is still running.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    chat_frames::{open, say},
    samples::Samples,
    server::Server,
    socket::{Socket, name},
};

/// Chunks that are not tokens: the begin of the message and of its text.
const HEAD: usize = 2;

/// A client that has most of a long running turn takes it up.
#[derive(Debug, Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    server: Server,
    /// Chunks of the turn so far
    #[arg(long, default_value_t = 5_000)]
    chunks: usize,
    /// Chunks the client has
    #[arg(long, default_value_t = 4_990)]
    known: usize,
    /// How often the turn is taken up
    #[arg(long, default_value_t = 20)]
    times: usize,
}

/// What came until the client was up to date.
struct CaughtUp {
    chunks: usize,
    bytes: usize,
}

impl Resume {
    pub(crate) async fn run(self) -> Result<Value> {
        ensure!(self.known <= self.chunks && self.chunks > HEAD, "nobody has more than there is");
        let (name, id) = (name("resume", self.chunks), Uuid::new_v4());
        let mut asker = open(self.server.target, &name, true).await?;
        let tokens = self.chunks - HEAD;
        asker.send(say(id, &format!("gen tokens={tokens} pace=0 hold=600000"))).await?;
        asker.until(&format!(r#""seq":{}"#, self.chunks - 1)).await?;
        let mut samples = Samples::default();
        let mut tail = None;
        for _ in 0..self.times {
            let begin = Instant::now();
            tail = Some(self.take_up(&name, id, self.known.checked_sub(1)).await?);
            samples.push(begin.elapsed());
        }
        let whole = self.take_up(&name, id, None).await?;
        let tail = tail.context("it is taken up at least once")?;
        Ok(json!({
            "missing": self.chunks - self.known,
            "chunks": tail.chunks,
            "bytes": tail.bytes,
            "p50_seconds": samples.quantile(0.5),
            "whole_chunks": whole.chunks,
            "whole_bytes": whole.bytes,
        }))
    }

    /// Connects and acknowledges the turn, having the chunks up to `after`.
    async fn take_up(&self, name: &str, id: Uuid, after: Option<usize>) -> Result<CaughtUp> {
        let mut socket = open(self.server.target, name, true).await?;
        let mut ack = json!({"type": "cf_agent_stream_resume_ack", "id": id.to_string()});
        ack["after"] = after.into();
        socket.send(ack.to_string()).await?;
        until_live(&mut socket).await
    }
}

async fn until_live(socket: &mut Socket) -> Result<CaughtUp> {
    let mut caught_up = CaughtUp { chunks: 0, bytes: 0 };
    loop {
        let frame = socket.next().await?;
        if !frame.contains(r#""cf_agent_use_chat_response""#) {
            continue;
        }
        caught_up.bytes += frame.len();
        ensure!(!frame.contains(r#""done":true"#), "the turn is over");
        if frame.contains(r#""replayComplete":true"#) {
            return Ok(caught_up);
        }
        caught_up.chunks += 1;
    }
}
