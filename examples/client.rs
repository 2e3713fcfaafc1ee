//! A client in Rust: it connects, connects again after a loss, and reads a streamed result.
//! Start `streaming_rpc` first and give this the address it prints.

use domovoi_client::{AgentClient, AgentOptions, ClientEvent};
use futures::StreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8787".to_owned());
    let client = AgentClient::new(AgentOptions::new("Countdown", "main").base(address));
    let _events = client.on_event(|event| match event {
        ClientEvent::Open => println!("connected"),
        ClientEvent::Text(text) => println!("received {text}"),
        ClientEvent::Closed { code, reason, .. } => println!("closed: {code} {reason}"),
        _ => {}
    });
    client.start();

    let (sum, end): (u32, Option<String>) = client.call("sum", 4).await?;
    println!("{sum} {}", end.unwrap_or_default());

    let mut numbers = client.call_stream::<u32>("count", 3)?;
    while let Some(number) = numbers.next().await {
        println!("{}", number?);
    }
    println!("{}", numbers.final_value().and_then(|value| value.as_str()).unwrap_or_default());

    let mut aborted = client.call_stream::<u32>("abort", 3)?;
    while let Some(number) = aborted.next().await {
        match number {
            Ok(number) => println!("{number}"),
            Err(error) => println!("error: {error}"),
        }
    }
    client.close();
    Ok(())
}
