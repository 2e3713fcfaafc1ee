//! What a chat agent sends, from a server that has no agents: each token is written to the socket
//! as it comes, and nothing is kept.

use std::{
    fmt::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Error,
    extract::ws::{Message, WebSocket},
};
use futures::SinkExt;
use tokio::time::{Instant, interval_at, sleep};

/// Answers each request with the tokens it asks for.
pub(crate) async fn chat(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(request) = message
            && answer(&mut socket, &request).await.is_err()
        {
            return;
        }
    }
}

async fn answer(socket: &mut WebSocket, request: &str) -> Result<(), Error> {
    let id = text_after(request, r#""id":""#, '"');
    let number = |name| number_after(request, name);
    let (tokens, pace, wait) = (number("tokens="), number("pace="), number("wait="));
    let (pace, wait) = (Duration::from_millis(pace), Duration::from_millis(wait));
    let mut frames = Frames { id, next: 0 };
    socket
        .feed(frames.chunk(
            r#"{\"type\":\"start\",\"messageId\":\"00000000-0000-7000-8000-000000000000\"}"#,
        ))
        .await?;
    socket.feed(frames.chunk(r#"{\"type\":\"text-start\",\"id\":\"text\"}"#)).await?;
    let mut beat = (!pace.is_zero()).then(|| interval_at(Instant::now() + wait + pace, pace));
    for index in 0..tokens {
        if index == 0 && !wait.is_zero() {
            socket.flush().await?;
            sleep(wait).await;
        } else if index > 0
            && let Some(beat) = &mut beat
        {
            socket.flush().await?;
            beat.tick().await;
        }
        let token = match index {
            0 if request.contains("stamped") => now(),
            index => format!("tok{index} "),
        };
        let mut body = String::new();
        // Writing to a string cannot fail.
        let _ =
            write!(body, r#"{{\"type\":\"text-delta\",\"id\":\"text\",\"delta\":\"{token}\"}}"#);
        socket.feed(frames.chunk(&body)).await?;
    }
    socket.feed(frames.chunk(r#"{\"type\":\"text-end\",\"id\":\"text\"}"#)).await?;
    let done =
        format!(r#"{{"type":"cf_agent_use_chat_response","id":"{id}","body":"","done":true}}"#);
    socket.send(Message::text(done)).await
}

/// The frames of one turn.
struct Frames<'a> {
    id: &'a str,
    next: u64,
}

impl Frames<'_> {
    fn chunk(&mut self, body: &str) -> Message {
        let (id, seq) = (self.id, self.next);
        self.next += 1;
        Message::text(format!(
            r#"{{"type":"cf_agent_use_chat_response","id":"{id}","body":"{body}","done":false,"seq":{seq}}}"#
        ))
    }
}

fn text_after<'a>(text: &'a str, name: &str, end: char) -> &'a str {
    let after = text.split_once(name).map_or("", |(_, after)| after);
    after.split(end).next().unwrap_or_default()
}

fn number_after(text: &str, name: &str) -> u64 {
    let after = text.split_once(name).map_or("", |(_, after)| after);
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after[..end].parse().unwrap_or_default()
}

/// Nanoseconds since 1970.
fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{} ", since.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_far_as_it_matters() {
        let request =
            r#"{"type":"x","id":"abc","init":{"body":"{\"text\":\"gen tokens=20 pace=5\"}"}}"#;
        assert_eq!(text_after(request, r#""id":""#, '"'), "abc");
        assert_eq!(["tokens=", "pace=", "wait="].map(|it| number_after(request, it)), [20, 5, 0]);
    }
}
