//! Load for a server of agents, and a bare server to compare it with.
//!
//! `domovoi-load bare` is a WebSocket server that does nothing but pass text on: what the same
//! traffic costs without agents. `domovoi-load run SCENARIO --target ADDR --pid PID` puts load on
//! a server, either kind, and prints one line of JSON: times in seconds, the server's processor
//! time and memory as Linux counts them for the process `PID`.
//!
//! - [`bare`], [`bare_chat`]: the bare server
//! - [`calls`]: calls over many connections, or one after the other over one
//! - [`fan_out`]: one writer, many subscribers
//! - [`starts`]: first connections to new instances
//! - [`asleep`], [`known`]: memory of instances that sleep, with a socket and without
//! - [`wake`]: frames to instances that sleep
//! - [`alarms`]: how late alarms are
//! - [`chat`], [`long_chat`], [`resume`]: turns of a chat, in a long conversation, and taking one
//!   up again; [`chat_frames`]: what they say
//! - [`server`], [`socket`], [`samples`], [`open_files`]: the server under test, a connection to
//!   it, times, the limit of open files

mod alarms;
mod asleep;
mod bare;
mod bare_chat;
mod calls;
mod chat;
mod chat_frames;
mod fan_out;
mod known;
mod long_chat;
mod open_files;
mod resume;
mod samples;
mod server;
mod socket;
mod starts;
mod wake;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use serde_json::Value;

/// A scenario that takes longer has lost an answer.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Serve WebSockets without agents: `/echo`, `/fan`, `/greet` and `/chat`
    Bare {
        /// Address to listen on
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Put load on a server and print what was measured
    #[command(subcommand)]
    Run(Scenario),
}

#[derive(Subcommand)]
enum Scenario {
    /// Calls of a method, each connection to an instance of its own
    Calls(calls::Calls),
    /// State updates by one connection, seen by many
    FanOut(fan_out::FanOut),
    /// First connections to new instances
    Starts(starts::Starts),
    /// Memory of sleeping instances with an open socket each
    Asleep(asleep::Asleep),
    /// Memory of instances that were used once, without a socket
    Known(known::Known),
    /// Frames to sleeping instances
    Wake(wake::Wake),
    /// Alarms and how late they are
    Alarms(alarms::Alarms),
    /// Turns of chats
    Chat(chat::Chat),
    /// Turns of a chat that is long already
    LongChat(long_chat::LongChat),
    /// Taking up a running turn
    Resume(resume::Resume),
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Bare { listen } => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(bare::serve(listen)),
        // One thread, so that the load leaves the rest of the machine to the server.
        Task::Run(scenario) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let measured = runtime.block_on(async {
                tokio::time::timeout(PATIENCE, scenario.run())
                    .await
                    .with_context(|| format!("no end after {PATIENCE:?}: an answer is missing"))?
            })?;
            print(measured);
            // Nobody needs thousands of sockets closed one by one.
            std::process::exit(0)
        }
    }
}

impl Scenario {
    async fn run(self) -> Result<Value> {
        match self {
            Self::Calls(calls) => calls.run().await,
            Self::FanOut(fan_out) => fan_out.run().await,
            Self::Starts(starts) => starts.run().await,
            Self::Asleep(asleep) => asleep.run().await,
            Self::Known(known) => known.run().await,
            Self::Wake(wake) => wake.run().await,
            Self::Alarms(alarms) => alarms.run().await,
            Self::Chat(chat) => chat.run().await,
            Self::LongChat(chat) => chat.run().await,
            Self::Resume(resume) => resume.run().await,
        }
    }
}

#[allow(clippy::print_stdout, reason = "the line is this program's output")]
fn print(line: impl std::fmt::Display) {
    println!("{line}");
}
