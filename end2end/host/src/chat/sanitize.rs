//! An answer that is not kept as it was sent.

use domovoi_agents::prelude::*;
use domovoi_protocol::{Part, UiMessage};

#[derive(Default)]
pub(crate) struct SanitizeAgent;

#[agent]
impl SanitizeAgent {}

impl AiChatAgent for SanitizeAgent {
    async fn on_chat_message(&self, _cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        Ok("Reply with [SECRET] data included".into())
    }

    fn sanitize_message(&self, mut message: UiMessage) -> UiMessage {
        for part in &mut message.parts {
            if let Part::Text { text, .. } = part {
                *text = text.replace("[SECRET]", "[REDACTED]");
            }
        }
        message
    }
}
