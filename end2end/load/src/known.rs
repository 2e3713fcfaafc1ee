//! Memory of instances that were used once and have no socket.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use futures::future::try_join_all;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpStream, tcp::OwnedReadHalf},
};

use crate::{open_files, server::Server, socket::name};

const AGENT: &str = "counter-agent";

/// Requests on their way on one connection.
const PIPELINE: usize = 16;

/// Instances that are there before the first look.
const BEFORE: usize = 10_000;

/// Memory of instances that answered one HTTP request each and went to sleep.
#[derive(Debug, Args)]
pub(crate) struct Known {
    #[command(flatten)]
    server: Server,
    /// Instances
    #[arg(long, default_value_t = 1_000_000)]
    instances: usize,
    /// Connections that the requests are shared out over
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Seconds until all instances sleep
    #[arg(long, default_value_t = 12.0)]
    settle: f64,
}

impl Known {
    pub(crate) async fn run(self) -> Result<Value> {
        open_files::allow(self.connections)?;
        let settle = Duration::from_secs_f64(self.settle);
        self.touch(0, BEFORE).await?;
        let before = self.server.resident_bytes_at_rest(settle).await?;
        let (cpu, begin) = (self.server.cpu()?, Instant::now());
        self.touch(BEFORE, self.instances).await?;
        let seconds = begin.elapsed().as_secs_f64();
        let busy = self.server.resident_bytes()?;
        let resident = self.server.resident_bytes_at_rest(settle).await?;
        let instances = self.instances as f64;
        Ok(json!({
            "instances": self.instances,
            "bytes_each": (resident as f64 - before as f64) / instances,
            "before_bytes": before,
            "busy_bytes": busy,
            "resident_bytes": resident,
            "per_second": instances / seconds,
            "cpu_seconds": self.server.cpu_since(&cpu)?.as_secs_f64() / instances,
        }))
    }

    /// Sends one request to each of `count` instances.
    async fn touch(&self, from: usize, count: usize) -> Result<()> {
        let share = count.div_ceil(self.connections.max(1)).max(1);
        let shares = (from..from + count).step_by(share);
        try_join_all(shares.map(|first| self.requests(first, share.min(from + count - first))))
            .await
            .map(drop)
    }

    async fn requests(&self, first: usize, count: usize) -> Result<()> {
        let server = self.server.target;
        let stream = TcpStream::connect(server).await.context("connecting to the server")?;
        stream.set_nodelay(true)?;
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        for batch in (first..first + count).step_by(PIPELINE) {
            let names = (batch..first + count).take(PIPELINE).map(|index| name("known", index));
            let requests: Vec<_> = names
                .map(|name| {
                    format!("GET /agents/{AGENT}/{name} HTTP/1.1\r\nhost: {server}\r\n\r\n")
                })
                .collect();
            write.write_all(requests.concat().as_bytes()).await?;
            for _ in &requests {
                response(&mut read).await?;
            }
        }
        Ok(())
    }
}

/// Reads one response; whatever the agent answers is fine, an error of the server is not.
async fn response(read: &mut BufReader<OwnedReadHalf>) -> Result<()> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if read.read_line(&mut head).await? == 0 {
            bail!("the server is gone");
        }
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    if !status.is_some_and(|status| status < 500 && status != 400) {
        bail!("the server answered {head}");
    }
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .with_context(|| format!("a response without a length: {head}"))?;
    let mut body = vec![0; length];
    read.read_exact(&mut body).await?;
    Ok(())
}
