//! The shortest answer there is.

use domovoi_agents::prelude::*;

#[derive(Default)]
pub(crate) struct ChatAgent;

#[agent]
impl ChatAgent {}

impl AiChatAgent for ChatAgent {
    async fn on_chat_message(&self, _cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        Ok("Hello from e2e agent!".into())
    }
}
