//! Frames to instances that sleep.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    open_files,
    samples::Samples,
    server::Server,
    socket::{IDENTITY, STATE, Socket, answer, call, increment, name},
};

/// Frames to sleeping instances, one at a time, until their answer.
#[derive(Debug, Args)]
pub(crate) struct Wake {
    #[command(flatten)]
    server: Server,
    /// Instances with an open connection each
    #[arg(long, default_value_t = 500)]
    instances: usize,
    /// How many of them are woken, evenly spread
    #[arg(long, default_value_t = 500)]
    wakes: usize,
    /// Each instance has a file and reads its state from it
    #[arg(long)]
    written: bool,
    /// Seconds until all instances sleep
    #[arg(long, default_value_t = 12.0)]
    settle: f64,
}

impl Wake {
    pub(crate) async fn run(self) -> Result<Value> {
        ensure!(self.wakes > 0 && self.wakes <= self.instances, "each is woken once");
        open_files::allow(self.instances)?;
        let mut sockets = vec![];
        for index in 0..self.instances {
            sockets.push(self.connect(index).await?);
        }
        tokio::time::sleep(Duration::from_secs_f64(self.settle)).await;
        let before = self.server.cpu()?;
        let mut samples = Samples::default();
        for socket in sockets.iter_mut().step_by(self.instances / self.wakes).take(self.wakes) {
            let begin = Instant::now();
            self.wake(socket).await?;
            samples.push(begin.elapsed());
        }
        let cpu = self.server.cpu_since(&before)?;
        Ok(json!({
            "wakes": samples.len(),
            "cpu_seconds": cpu.as_secs_f64() / samples.len() as f64,
            "p50_seconds": samples.quantile(0.5),
            "p99_seconds": samples.quantile(0.99),
        }))
    }

    async fn connect(&self, index: usize) -> Result<Socket> {
        let name = name("wake", index);
        let agent = if self.written { "counter-agent" } else { "echo-agent" };
        let mut socket = Socket::open_instance(self.server.target, agent, &name).await?;
        if self.written {
            socket.until(STATE).await?;
            increment(&mut socket, 0).await?;
        } else {
            socket.until(IDENTITY).await?;
        }
        Ok(socket)
    }

    async fn wake(&self, socket: &mut Socket) -> Result<()> {
        if self.written {
            socket.send(call(1, "get_counter", "[]")).await?;
            let text = answer(socket, 1).await?;
            ensure!(text.contains("\"result\":1"), "the state is lost: {text}");
        } else {
            socket.send("hits").await?;
            socket.until("\"hits\"").await?;
        }
        Ok(())
    }
}
