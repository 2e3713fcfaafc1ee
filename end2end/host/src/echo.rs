//! Messages that are not frames of the protocol, and a state that survives sleep.

use domovoi_agents::prelude::*;
use serde_json::json;

#[derive(Default)]
pub(crate) struct EchoAgent;

#[agent]
impl EchoAgent {
    async fn on_message(
        &self,
        _cx: &Context<Self>,
        connection: &Connection,
        message: Message,
    ) -> Result<()> {
        let hits: u64 = connection.state().unwrap_or_default();
        connection.set_state(&(hits + 1))?;
        match message {
            Message::Text(text) if text.as_str() == "hits" => {
                connection.send_text(json!({"hits": hits}).to_string());
            }
            Message::Text(text) => connection.send_text(text),
            Message::Binary(bytes) => connection.send_binary(bytes),
            _ => {}
        }
        Ok(())
    }
}
