//! Memory of instances that sleep with an open socket each.

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::{Map, Value, json};

use crate::{
    open_files,
    server::Server,
    socket::{STATE, Socket, increment, name},
};

const AGENT: &str = "counter-agent";

/// Instances that are there before the first look, so that what the process needs once is not
/// counted.
const BEFORE: usize = 100;

/// Memory of sleeping instances with an open socket each.
#[derive(Debug, Args)]
pub(crate) struct Asleep {
    #[command(flatten)]
    server: Server,
    /// The server is the bare one: connections without agents
    #[arg(long)]
    bare: bool,
    /// Numbers of instances, rising
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 5_000])]
    instances: Vec<usize>,
    /// Each instance writes before it falls asleep, and so has a file
    #[arg(long)]
    written: bool,
    /// Seconds until all instances sleep
    #[arg(long, default_value_t = 12.0)]
    settle: f64,
}

impl Asleep {
    pub(crate) async fn run(self) -> Result<Value> {
        ensure!(self.instances.is_sorted(), "the numbers of instances must rise");
        open_files::allow(BEFORE + self.instances.last().copied().unwrap_or_default())?;
        let mut sockets = vec![];
        let before = self.resident_bytes_with(&mut sockets, 0).await?;
        let mut bytes_each = Map::new();
        for &instances in &self.instances {
            let resident = self.resident_bytes_with(&mut sockets, instances).await?;
            let each = (resident as f64 - before as f64) / instances as f64;
            bytes_each.insert(instances.to_string(), each.into());
        }
        Ok(json!({"before_bytes": before, "bytes_each": bytes_each}))
    }

    /// Opens sockets until there are so many, and looks when their instances sleep.
    async fn resident_bytes_with(
        &self,
        sockets: &mut Vec<Socket>,
        instances: usize,
    ) -> Result<u64> {
        while sockets.len() < BEFORE + instances {
            sockets.push(self.open(sockets.len()).await?);
        }
        self.server.resident_bytes_at_rest(Duration::from_secs_f64(self.settle)).await
    }

    async fn open(&self, index: usize) -> Result<Socket> {
        if self.bare {
            let mut socket = Socket::open(self.server.target, "/greet").await?;
            socket.until(STATE).await?;
            return Ok(socket);
        }
        let name = name("asleep", index);
        let mut socket = Socket::open_instance(self.server.target, AGENT, &name).await?;
        socket.until(STATE).await?;
        if self.written {
            increment(&mut socket, 0).await?;
        }
        Ok(socket)
    }
}
