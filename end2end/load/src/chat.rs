//! Chat turns, one after the other in each of many conversations.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use clap::Args;
use futures::future::try_join_all;
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    chat_frames::{is_last, open, say},
    open_files,
    samples::Samples,
    server::Server,
    socket::{Socket, name},
};

/// Turns of a model that makes tokens and nothing else.
#[derive(Debug, Args)]
pub(crate) struct Chat {
    #[command(flatten)]
    server: Server,
    /// The server is the bare one: the same frames
    #[arg(long)]
    bare: bool,
    /// Conversations, with a connection each
    #[arg(long, default_value_t = 1)]
    chats: usize,
    /// Turns of each conversation that are measured
    #[arg(long, default_value_t = 50)]
    turns: usize,
    /// Turns of each before that
    #[arg(long, default_value_t = 5)]
    warm_up: usize,
    /// Tokens of an answer
    #[arg(long, default_value_t = 200)]
    tokens: usize,
    /// Milliseconds from one token to the next
    #[arg(long, default_value_t = 0)]
    pace: u64,
    /// Milliseconds until the first token, which then says when it was made
    #[arg(long)]
    first_after: Option<u64>,
}

/// Times of many turns.
#[derive(Default)]
struct Times {
    turns: Samples,
    /// From making the first token to having its frame.
    first_tokens: Samples,
}

impl Chat {
    pub(crate) async fn run(self) -> Result<Value> {
        ensure!(self.chats > 0 && self.turns > 0, "no chats, no turns");
        open_files::allow(self.chats)?;
        let mut sockets = vec![];
        for index in 0..self.chats {
            sockets.push(match self.bare {
                true => Socket::open(self.server.target, "/chat").await?,
                false => open(self.server.target, &name("chat", index), false).await?,
            });
        }
        self.round(&mut sockets, self.warm_up).await?;
        let (before, begin) = (self.server.cpu()?, Instant::now());
        let mut times = self.round(&mut sockets, self.turns).await?;
        let (cpu, seconds) = (self.server.cpu_since(&before)?, begin.elapsed().as_secs_f64());
        let turns = (self.chats * self.turns) as f64;
        Ok(json!({
            "turns": turns,
            "cpu_seconds": cpu.as_secs_f64() / turns,
            "cpu_seconds_per_1000_tokens": cpu.as_secs_f64() * 1e3 / (turns * self.tokens as f64),
            "per_second": turns / seconds,
            "p50_seconds": times.turns.quantile(0.5),
            "p99_seconds": times.turns.quantile(0.99),
            "first_token_p50_seconds": times.first_tokens.quantile(0.5),
            "first_token_p99_seconds": times.first_tokens.quantile(0.99),
        }))
    }

    /// Has `turns` turns in all conversations at once.
    async fn round(&self, sockets: &mut [Socket], turns: usize) -> Result<Times> {
        let talks = sockets.iter_mut().enumerate().map(|(index, socket)| async move {
            // People do not begin in step.
            let share = index as f64 / self.chats as f64;
            sleep(Duration::from_millis(self.pace).mul_f64(share)).await;
            self.talk(socket, turns).await
        });
        let mut all = Times::default();
        for times in try_join_all(talks).await? {
            all.turns.add(times.turns);
            all.first_tokens.add(times.first_tokens);
        }
        Ok(all)
    }

    async fn talk(&self, socket: &mut Socket, turns: usize) -> Result<Times> {
        let first = self.first_after.map(|wait| format!(" wait={wait} stamped"));
        let first = first.unwrap_or_default();
        let text = format!("gen tokens={} pace={}{first}", self.tokens, self.pace);
        let mut times = Times::default();
        for _ in 0..turns {
            let frame = say(Uuid::new_v4(), &text);
            let begin = Instant::now();
            socket.send(frame).await?;
            let mut stamped = self.first_after.is_none();
            loop {
                let frame = socket.next().await?;
                if !stamped && let Some(made) = stamp(&frame) {
                    times.first_tokens.push(now()?.saturating_sub(made));
                    stamped = true;
                }
                if is_last(&frame)? {
                    break;
                }
            }
            ensure!(stamped, "no token says when it was made");
            times.turns.push(begin.elapsed());
        }
        Ok(times)
    }
}

/// When the token in a frame was made, since 1970, where it says so.
fn stamp(frame: &str) -> Option<Duration> {
    let (_, token) = frame.split_once(r#"\"delta\":\""#)?;
    Some(Duration::from_nanos(token.split(' ').next()?.parse().ok()?))
}

fn now() -> Result<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")
}
