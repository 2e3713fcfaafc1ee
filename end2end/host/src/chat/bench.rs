//! As many tokens as the person asks for, as fast as they ask for them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domovoi_agents::prelude::*;
use futures::{Stream, stream};
use tokio::time::{Instant, interval_at, sleep};

#[derive(Default)]
pub(crate) struct BenchChatAgent;

#[agent]
impl BenchChatAgent {}

impl AiChatAgent for BenchChatAgent {
    async fn on_chat_message(&self, cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        let messages = cx.recent_messages(1)?;
        let question = messages.last();
        let order = Order::parse(&question.map(|message| message.text()).unwrap_or_default())?;
        Ok(ChatReply::from_text(order.tokens()))
    }
}

/// What a person can ask for: `gen tokens=N pace=MS`, N tokens, MS milliseconds apart. With
/// `wait=MS` the first one comes that late; with `stamped` it is the moment it was made; with
/// `hold=MS` the answer ends that late.
#[derive(Debug, Default, Clone, PartialEq)]
struct Order {
    tokens: u64,
    pace: Duration,
    wait: Duration,
    hold: Duration,
    stamped: bool,
}

impl Order {
    fn parse(text: &str) -> Result<Self> {
        let wrong = || HandlerError::new("Say `gen tokens=N pace=MS`.");
        let mut order = Self::default();
        for word in text.trim().strip_prefix("gen ").ok_or_else(wrong)?.split_whitespace() {
            match word.split_once('=') {
                Some(("tokens", number)) => order.tokens = number.parse()?,
                Some(("pace", number)) => order.pace = Duration::from_millis(number.parse()?),
                Some(("wait", number)) => order.wait = Duration::from_millis(number.parse()?),
                Some(("hold", number)) => order.hold = Duration::from_millis(number.parse()?),
                None if word == "stamped" => order.stamped = true,
                _ => return Err(wrong()),
            }
        }
        Ok(order)
    }

    fn tokens(self) -> impl Stream<Item = Result<String>> + Send {
        let beat = (!self.pace.is_zero())
            .then(|| interval_at(Instant::now() + self.wait + self.pace, self.pace));
        stream::unfold((0, beat), move |(index, mut beat)| {
            let Self { tokens, wait, hold, stamped, .. } = self;
            async move {
                match &mut beat {
                    _ if index == tokens => {
                        if !hold.is_zero() {
                            sleep(hold).await;
                        }
                        return None;
                    }
                    _ if index == 0 && !wait.is_zero() => sleep(wait).await,
                    Some(beat) if index > 0 => drop(beat.tick().await),
                    _ => {}
                }
                let token = if stamped && index == 0 { now() } else { format!("tok{index} ") };
                Some((Ok(token), (index + 1, beat)))
            }
        })
    }
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
    fn an_order_is_read_whole_or_refused() {
        let pace = Duration::from_millis(5);
        let order = Order { tokens: 200, pace, ..Order::default() };
        assert_eq!(Order::parse("gen tokens=200 pace=5").unwrap(), order);
        let wait = Duration::from_millis(100);
        let stamped = Order { tokens: 1, wait, stamped: true, ..Order::default() };
        assert_eq!(Order::parse("gen tokens=1 pace=0 wait=100 stamped").unwrap(), stamped);
        for wrong in ["", "hello", "gen tokens=x", "gen tokens=1 speed=2", "gen tokens"] {
            assert!(Order::parse(wrong).is_err(), "{wrong}");
        }
    }
}
