//! First connections to new instances.

use std::time::Instant;

use anyhow::Result;
use clap::Args;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::{
    open_files,
    samples::Samples,
    server::Server,
    socket::{STATE, Socket, name},
};

const AGENT: &str = "counter-agent";

/// First connections to new instances, from opening the TCP connection to the frame with the
/// state. They stay open until all is measured.
#[derive(Debug, Args)]
pub(crate) struct Starts {
    #[command(flatten)]
    server: Server,
    /// The server is the bare one: two frames of the same size greet each connection
    #[arg(long)]
    bare: bool,
    /// Connections that are being opened at a time
    #[arg(long, default_value_t = 1)]
    at_once: usize,
    /// Instances with an open connection before that
    #[arg(long, default_value_t = 100)]
    standing: usize,
    /// Connections that are measured
    #[arg(long, default_value_t = 2_000)]
    starts: usize,
}

impl Starts {
    pub(crate) async fn run(self) -> Result<Value> {
        open_files::allow(self.standing + self.starts)?;
        let standing = self.open(0..self.standing).await?;
        let (before, begin) = (self.server.cpu()?, Instant::now());
        let opened = self.open(self.standing..self.standing + self.starts).await?;
        let (cpu, seconds) = (self.server.cpu_since(&before)?, begin.elapsed().as_secs_f64());
        let mut samples = Samples::default();
        opened.iter().for_each(|(_, took)| samples.push(*took));
        drop(standing);
        Ok(json!({
            "starts": samples.len(),
            "cpu_seconds": cpu.as_secs_f64() / samples.len() as f64,
            "per_second": samples.len() as f64 / seconds,
            "p50_seconds": samples.quantile(0.5),
            "p99_seconds": samples.quantile(0.99),
        }))
    }

    async fn open(
        &self,
        indices: std::ops::Range<usize>,
    ) -> Result<Vec<(Socket, std::time::Duration)>> {
        stream::iter(indices)
            .map(|index| self.start(index))
            .buffer_unordered(self.at_once)
            .try_collect()
            .await
    }

    async fn start(&self, index: usize) -> Result<(Socket, std::time::Duration)> {
        let name = name("starts", index);
        let begin = Instant::now();
        let mut socket = if self.bare {
            Socket::open(self.server.target, "/greet").await?
        } else {
            Socket::open_instance(self.server.target, AGENT, &name).await?
        };
        socket.until(STATE).await?;
        Ok((socket, begin.elapsed()))
    }
}
