//! How late alarms are.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use clap::Args;
use futures::{StreamExt, TryStreamExt, future::try_join_all, stream};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    open_files,
    samples::Samples,
    server::Server,
    socket::{STATE, Socket, answer, call, name},
};

/// `remind(seconds, payload)` answers a schedule with its `time` in Unix seconds; when it is due,
/// the state's `fired` goes up by one and its `last` is the payload.
const AGENT: &str = "scheduler-agent";

/// Instances whose alarms are being set at a time.
const AT_ONCE: usize = 32;

/// Alarms, and how late the frames come that tell of them.
#[derive(Debug, Args)]
pub(crate) struct Alarms {
    #[command(flatten)]
    server: Server,
    /// Instances with an open connection each
    #[arg(long, default_value_t = 200)]
    instances: usize,
    /// Alarms of each instance
    #[arg(long, default_value_t = 1)]
    each: usize,
    /// Seconds from the first connection to the first alarm
    #[arg(long, default_value_t = 3.0)]
    ahead: f64,
    /// Seconds from the first alarm to the last
    #[arg(long, default_value_t = 1.0)]
    spread: f64,
}

/// What one instance saw.
struct Seen {
    lateness: Samples,
    /// When the last of its alarms was seen, in Unix seconds.
    last: f64,
}

impl Alarms {
    pub(crate) async fn run(self) -> Result<Value> {
        if !self.is_known().await? {
            return Ok(json!({"skipped": format!("this server has no {AGENT}")}));
        }
        open_files::allow(self.instances)?;
        let first = now() + self.ahead;
        let set: Vec<_> = stream::iter(0..self.instances)
            .map(|index| self.set(first, index))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let (before, left) = (self.server.cpu()?, first - now());
        ensure!(left > 0.0, "an alarm is due already; use a longer --ahead");
        let watched = set.into_iter().map(|(socket, due)| watch(socket, due));
        let all = try_join_all(watched).await?;
        let cpu = self.server.cpu_since(&before)?;
        let last = all.iter().map(|seen| seen.last).fold(0.0, f64::max);
        let mut lateness = Samples::default();
        all.into_iter().for_each(|seen| lateness.add(seen.lateness));
        Ok(json!({
            "alarms": lateness.len(),
            "cpu_seconds": cpu.as_secs_f64() / lateness.len() as f64,
            "p50_seconds": lateness.quantile(0.5),
            "p99_seconds": lateness.quantile(0.99),
            "all_run_seconds": last - first,
            "left_seconds": left,
        }))
    }

    /// Whether the server has the agent: a request for one it does not have is answered with 400.
    async fn is_known(&self) -> Result<bool> {
        let server = self.server.target;
        let mut stream = TcpStream::connect(server).await.context("connecting to the server")?;
        let request = format!(
            "GET /agents/{AGENT}/probe HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut response = String::new();
        stream.read_to_string(&mut response).await?;
        Ok(!response.starts_with("HTTP/1.1 400 "))
    }

    /// Sets an instance's alarms and answers when they are due, in Unix seconds.
    async fn set(&self, first: f64, index: usize) -> Result<(Socket, Vec<f64>)> {
        let name = name("alarms", index);
        let mut socket = Socket::open_instance(self.server.target, AGENT, &name).await?;
        socket.until(STATE).await?;
        let mut due = vec![];
        for alarm in 0..self.each {
            let place = (index * self.each + alarm) as f64 / (self.instances * self.each) as f64;
            let seconds = first + place * self.spread - now();
            ensure!(seconds > 0.0, "an alarm is due already; use a longer --ahead");
            let args = json!([seconds, alarm]).to_string();
            socket.send(call(alarm as u64, "remind", &args)).await?;
            let text = answer(&mut socket, alarm as u64).await?;
            let schedule: Value = serde_json::from_str(&text)?;
            let time = schedule["result"]["time"].as_f64();
            due.push(time.with_context(|| format!("a schedule without its time: {text}"))?);
        }
        due.sort_by(f64::total_cmp);
        Ok((socket, due))
    }
}

/// Waits for all alarms of an instance. Each one's lateness is that of the frame that first
/// counts it.
async fn watch(mut socket: Socket, due: Vec<f64>) -> Result<Seen> {
    let mut lateness = Samples::default();
    let mut last = 0.0;
    while lateness.len() < due.len() {
        let text = socket.until(STATE).await?;
        last = now();
        let frame: Value = serde_json::from_str(&text)?;
        let fired = frame["state"]["fired"].as_u64().context("a state without `fired`")? as usize;
        for due in due.iter().take(fired).skip(lateness.len()) {
            lateness.push(Duration::from_secs_f64((last - due).max(0.0)));
        }
    }
    Ok(Seen { lateness, last })
}

/// Unix seconds.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
