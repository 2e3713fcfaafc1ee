//! Calls over many connections at a time, or one after the other over one.

use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Args;
use futures::future::try_join_all;
use serde_json::{Value, json};

use crate::{
    open_files,
    samples::Samples,
    server::Server,
    socket::{STATE, Socket, answer, call, name},
};

const AGENT: &str = "counter-agent";

/// Calls of a method of `counter-agent`.
#[derive(Debug, Args)]
pub(crate) struct Calls {
    #[command(flatten)]
    server: Server,
    /// The server is the bare one: the same frames, echoed
    #[arg(long)]
    bare: bool,
    /// The method to call, `echo` or `increment`
    #[arg(long, default_value = "echo")]
    method: String,
    /// Connections, each to an instance of its own
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Calls that wait for their answer at a time, at most one to a connection
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
    /// Calls that are measured
    #[arg(long, default_value_t = 50_000)]
    calls: usize,
    /// Calls before that
    #[arg(long, default_value_t = 5_000)]
    warm_up: usize,
}

impl Calls {
    pub(crate) async fn run(self) -> Result<Value> {
        ensure!(self.connections > 0 && self.in_flight > 0, "no connections, no calls");
        open_files::allow(self.connections)?;
        let mut sockets = vec![];
        for index in 0..self.connections {
            sockets.push(self.connect(index).await?);
        }
        self.round(&mut sockets, self.warm_up).await?;
        let (before, begin) = (self.server.cpu()?, Instant::now());
        let mut samples = self.round(&mut sockets, self.calls).await?;
        let (cpu, seconds) = (self.server.cpu_since(&before)?, begin.elapsed().as_secs_f64());
        Ok(json!({
            "calls": samples.len(),
            "cpu_seconds": cpu.as_secs_f64() / samples.len() as f64,
            "per_second": samples.len() as f64 / seconds,
            "p50_seconds": samples.quantile(0.5),
            "p99_seconds": samples.quantile(0.99),
        }))
    }

    async fn connect(&self, index: usize) -> Result<Socket> {
        if self.bare {
            return Socket::open(self.server.target, "/echo").await;
        }
        let name = name("calls", index);
        let mut socket = Socket::open_instance(self.server.target, AGENT, &name).await?;
        socket.until(STATE).await?;
        Ok(socket)
    }

    /// Makes `calls` calls, shared out evenly.
    async fn round(&self, sockets: &mut [Socket], calls: usize) -> Result<Samples> {
        let share = sockets.len().div_ceil(self.in_flight);
        let workers = sockets.len().div_ceil(share);
        let each = calls.div_ceil(workers);
        let shares = sockets.chunks_mut(share).map(|sockets| self.work(sockets, each));
        let mut all = Samples::default();
        for samples in try_join_all(shares).await? {
            all.add(samples);
        }
        Ok(all)
    }

    /// Makes `calls` calls one after the other, on each socket in turn.
    async fn work(&self, sockets: &mut [Socket], calls: usize) -> Result<Samples> {
        let args = if self.method == "echo" { r#"["hello"]"# } else { "[]" };
        let mut samples = Samples::default();
        for id in 0..calls {
            let socket = &mut sockets[id % sockets.len()];
            let frame = call(id as u64, &self.method, args);
            let begin = Instant::now();
            socket.send(frame).await?;
            if self.bare {
                socket.next().await?;
            } else {
                answer(socket, id as u64).await?;
            }
            samples.push(begin.elapsed());
        }
        Ok(samples)
    }
}
