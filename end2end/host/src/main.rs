//! Agents that the tests drive over the wire, in a server built on the SDK only.
//!
//! `domovoi-test-host --listen ADDR --data-dir DIR` prints `listening on ADDR`.

mod callable;
mod chat;
mod counter;
mod echo;
mod ledger;
mod panicking;
mod parent;
mod scheduler;
mod state;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use axum::serve::ListenerExt;
use clap::Parser;
use domovoi_agents::{Agents, AgentsConfig, Durability};

#[derive(Parser)]
struct Args {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder of the instances' databases
    #[arg(long)]
    data_dir: PathBuf,
    /// Seconds until an instance with nothing to do sleeps
    #[arg(long, default_value_t = 10.0)]
    idle_seconds: f64,
    /// Sync each write to the disk before anything leaves an instance
    #[arg(long)]
    power: bool,
    #[command(flatten)]
    model: chat::ModelArgs,
}

#[allow(clippy::print_stderr, reason = "that is where errors go")]
fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "model-worker") {
        return domovoi_models::worker::run();
    }
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
#[allow(clippy::print_stdout, reason = "the address is this program's output")]
async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let mut config = AgentsConfig::new(args.data_dir);
    config.idle_after = Duration::try_from_secs_f64(args.idle_seconds)?;
    if args.power {
        config.durability = Durability::Power;
    }
    let builder = Agents::builder(config)
        .agent::<counter::CounterAgent>()
        .agent::<callable::TestCallableAgent>()
        .agent::<state::TestStateAgent>()
        .agent::<state::TestReadonlyAgent>()
        .agent::<echo::EchoAgent>()
        .agent::<scheduler::SchedulerAgent>()
        .agent::<ledger::LedgerAgent>()
        .agent::<panicking::PanickingAgent>()
        .agent::<parent::TestParentAgent>()
        .sub_agent::<parent::TestParentAgent, parent::CounterSubAgent>();
    let agents = chat::add(builder, args.model).await?.build()?;
    let listener = tokio::net::TcpListener::bind(args.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // Two frames in a row must not wait for the client's acknowledgement of the first.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, agents.routes::<()>()).await?;
    Ok(())
}
