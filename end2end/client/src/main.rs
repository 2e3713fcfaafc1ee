//! Our client and our reducer as a program, for tests that drive the npm packages with the same
//! script and compare.
//!
//! - [`reduce`]: `domovoi-test-client reduce` makes messages of chunks
//! - [`chat`]: `domovoi-test-client chat` takes part in a conversation

mod chat;
mod reduce;

use clap::Parser;

#[derive(Parser)]
enum Command {
    /// Makes a message of each line of chunks
    Reduce,
    /// Takes part in a conversation
    Chat(chat::ChatArgs),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Reduce => reduce::run(std::io::stdin().lock(), std::io::stdout().lock()),
        Command::Chat(args) => chat::run(args).await,
    }
}
