//! How fast a running server answers: asks a question in a new conversation and prints one line
//! of JSON, `{"first_word_seconds": …, "tokens": …, "tokens_per_second": …}`. The embedded model
//! sends one text delta for each token, so deltas are counted. `cargo xtask bench` calls this.
//!
//! ```sh
//! cargo run --release -p domovoi-client --example answer_speed -- ws://127.0.0.1:8787 "Hello" 200
//! ```
#![allow(clippy::print_stdout, reason = "the line is this program's output")]

use std::{error::Error, time::Instant};

use domovoi_client::{AgentClient, AgentOptions, ClientEvent};
use domovoi_protocol::{
    Chunk, Role, ServerFrame, UiMessage,
    chat::{CancelFrame, ChatBody, ChatRequest},
};
use futures::StreamExt;
use uuid::Uuid;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(base), Some(question)) = (arguments.next(), arguments.next()) else {
        return Err("usage: answer_speed BASE QUESTION [MOST TOKENS]".into());
    };
    let most: usize = arguments.next().map_or(Ok(usize::MAX), |tokens| tokens.parse())?;

    let conversation = Uuid::new_v4().to_string();
    let client = AgentClient::new(AgentOptions::new("assistant", conversation).base(base));
    let mut events = client.events();
    client.start();
    client.ready().await?;

    let id = Uuid::new_v4().to_string();
    let message = UiMessage::new(Uuid::new_v4().to_string(), Role::User, question);
    let request =
        ChatRequest::new(id.as_str(), &ChatBody { messages: vec![message], ..ChatBody::default() });
    let sent = Instant::now();
    client.send_frame(&request.into())?;
    let mut deltas = Vec::new();
    while let Some(event) = events.next().await {
        let ClientEvent::Frame(ServerFrame::ChatResponse(response)) = event else { continue };
        if response.error == Some(true) {
            return Err(response.body.into());
        }
        if deltas.len() < most
            && matches!(Chunk::parse(&response.body), Ok(Chunk::TextDelta { .. }))
        {
            deltas.push(sent.elapsed().as_secs_f64());
            if deltas.len() == most {
                client.send_frame(&CancelFrame { id: id.clone() }.into())?;
            }
        }
        if response.done {
            break;
        }
    }
    let (Some(first), Some(last)) = (deltas.first(), deltas.last()) else {
        return Err("the answer has no text".into());
    };
    let line = serde_json::json!({
        "first_word_seconds": first,
        "tokens": deltas.len(),
        "tokens_per_second": (deltas.len() - 1) as f64 / (last - first),
    });
    println!("{line}");
    Ok(())
}
