//! A conversation of four messages at most.

use domovoi_agents::{chat::ChatOptions, prelude::*};

#[derive(Default)]
pub(crate) struct MaxPersistedAgent;

#[agent]
impl MaxPersistedAgent {}

impl AiChatAgent for MaxPersistedAgent {
    async fn on_chat_message(&self, _cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        Ok("Acknowledged".into())
    }

    fn chat_options(&self) -> ChatOptions {
        ChatOptions::default().max_persisted_messages(4)
    }
}
