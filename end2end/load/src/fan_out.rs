//! One writer, many subscribers.

use std::time::Instant;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::{
    open_files,
    samples::Samples,
    server::Server,
    socket::{STATE, Socket, increment, name},
};

const AGENT: &str = "counter-agent";

/// State updates by one connection, seen by all connections to its instance. The next update is
/// made when everybody has seen the one before, so that no two travel together.
#[derive(Debug, Args)]
pub(crate) struct FanOut {
    #[command(flatten)]
    server: Server,
    /// The server is the bare one: text of the state's size, passed on to everybody
    #[arg(long)]
    bare: bool,
    /// Connections besides the writer's
    #[arg(long, default_value_t = 100)]
    subscribers: usize,
    /// Updates that are measured
    #[arg(long, default_value_t = 1_000)]
    updates: usize,
    /// Updates before that
    #[arg(long, default_value_t = 100)]
    warm_up: usize,
}

impl FanOut {
    pub(crate) async fn run(self) -> Result<Value> {
        open_files::allow(self.subscribers + 1)?;
        let mut sockets = vec![];
        for _ in 0..=self.subscribers {
            sockets.push(self.connect().await?);
        }
        for update in 0..self.warm_up {
            self.update(&mut sockets, update).await?;
        }
        let before = self.server.cpu()?;
        let mut samples = Samples::default();
        for update in self.warm_up..self.warm_up + self.updates {
            let begin = Instant::now();
            self.update(&mut sockets, update).await?;
            samples.push(begin.elapsed());
        }
        let cpu = self.server.cpu_since(&before)?;
        Ok(json!({
            "updates": samples.len(),
            "cpu_seconds": cpu.as_secs_f64() / samples.len() as f64,
            "p50_seconds": samples.quantile(0.5),
            "p99_seconds": samples.quantile(0.99),
        }))
    }

    async fn connect(&self) -> Result<Socket> {
        let mut socket = if self.bare {
            Socket::open(self.server.target, "/fan").await?
        } else {
            Socket::open_instance(self.server.target, AGENT, &name("fan-out", 0)).await?
        };
        // Until then an update might pass it by.
        socket.until(STATE).await?;
        Ok(socket)
    }

    /// One update until everybody has it, the writer its answer too.
    async fn update(&self, sockets: &mut [Socket], update: usize) -> Result<()> {
        let Some((writer, subscribers)) = sockets.split_first_mut() else { return Ok(()) };
        let state = format!(r#""state":{{"counter":{}}}"#, update + 1);
        if self.bare {
            writer.send(format!(r#"{{"type":"cf_agent_state",{state}}}"#)).await?;
            writer.until(&state).await?;
        } else {
            increment(writer, update as u64).await?;
        }
        for subscriber in subscribers {
            subscriber.until(&state).await?;
        }
        Ok(())
    }
}
