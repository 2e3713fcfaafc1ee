//! An agent that speaks first.

use domovoi_agents::prelude::*;
use domovoi_protocol::{Role, UiMessage};
use uuid::Uuid;

#[derive(Default)]
pub(crate) struct NotifyAgent;

#[agent]
impl NotifyAgent {
    /// Writes a message of the agent's own into the conversation, for every client.
    #[callable]
    fn notify(&self, cx: &Context<Self>, text: String) -> Result<()> {
        let message = UiMessage::new(Uuid::now_v7().to_string(), Role::Assistant, text);
        Ok(cx.save_messages([message])?)
    }

    /// Starts a turn with this question; answers its id.
    #[callable]
    fn ask(&self, cx: &Context<Self>, text: String) -> String {
        cx.ask(text)
    }
}

impl AiChatAgent for NotifyAgent {
    async fn on_chat_message(&self, cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        let asked = cx.recent_messages(1)?.pop().map(|message| message.text());
        Ok(format!("You asked: {}", asked.unwrap_or_default()).into())
    }
}
