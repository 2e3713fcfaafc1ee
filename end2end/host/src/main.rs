//! Agents that the tests drive over the wire, in a server built on the SDK only.
//!
//! `domovoi-test-host --listen ADDR --data-dir DIR` prints `listening on ADDR`.

mod callable;
mod counter;
mod echo;
mod state;

use std::{net::SocketAddr, path::PathBuf};

use axum::serve::ListenerExt;
use clap::Parser;
use domovoi_agents::{Agents, AgentsConfig};

#[derive(Parser)]
struct Args {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder of the instances' databases
    #[arg(long)]
    data_dir: PathBuf,
}

#[tokio::main]
#[allow(clippy::print_stdout, reason = "the address is this program's output")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let agents = Agents::builder(AgentsConfig::new(args.data_dir))
        .agent::<counter::CounterAgent>()
        .agent::<callable::TestCallableAgent>()
        .agent::<state::TestStateAgent>()
        .agent::<state::TestReadonlyAgent>()
        .agent::<echo::EchoAgent>()
        .build()?;
    let listener = tokio::net::TcpListener::bind(args.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // Two frames in a row must not wait for the client's acknowledgement of the first.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, agents.routes::<()>()).await?;
    Ok(())
}
