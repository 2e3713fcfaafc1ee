//! Methods that answer piece by piece, the ways in which that can end, and reading such an answer.
//! `client.rs` reads it over the wire.

use std::time::Duration;

use domovoi_agents::prelude::*;
use tokio::time::sleep;

#[derive(Default)]
struct Countdown;

#[agent]
impl Countdown {
    /// Counts down, and ends with a value.
    #[callable]
    async fn count(&self, stream: StreamingResponse, from: u32) -> Result<()> {
        for number in (1..=from).rev() {
            stream.send(number)?;
            sleep(Duration::from_millis(10)).await;
        }
        stream.end("lift-off")
    }

    /// An error of the method ends the stream; so does `stream.error(...)`.
    #[callable]
    fn abort(&self, stream: StreamingResponse, from: u32) -> Result<()> {
        stream.send(from)?;
        Err("the weather is bad".into())
    }

    /// The stream may outlive its method. This one goes on for as long as the client is there.
    #[callable]
    fn clock(&self, cx: &Context<Self>, connection: &Connection, stream: StreamingResponse) {
        let connection = connection.clone();
        cx.spawn(async move {
            let mut ticks = 0;
            while connection.is_open() && stream.send(ticks).is_ok() {
                ticks += 1;
                sleep(Duration::from_millis(10)).await;
            }
        });
    }

    /// Reads the stream of another instance.
    #[callable]
    async fn sum(&self, cx: &Context<Self>, from: u32) -> Result<(u32, Option<String>)> {
        let mut numbers = cx.agents().get::<Self>("other")?.count::<u32>(from);
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok((sum, numbers.end_value()?))
    }
}

fn main() -> std::process::ExitCode {
    domovoi::Domovoi::new().agent::<Countdown>().run()
}
