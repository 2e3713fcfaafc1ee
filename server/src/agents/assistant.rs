//! A conversation: one instance each, named by its id.

use std::sync::Arc;

use domovoi_agents::{chat::Tool, prelude::*};
use domovoi_models::LanguageModel;
use domovoi_protocol::Role;

use super::{Conversations, DEFAULT};

/// Answers with the configured model.
#[derive(Clone)]
pub(crate) struct Assistant {
    model: Arc<dyn LanguageModel>,
    tools: Vec<Arc<dyn Tool>>,
    instructions: String,
}

#[agent]
impl Assistant {
    pub(crate) fn new(
        model: Arc<dyn LanguageModel>,
        tools: Vec<Arc<dyn Tool>>,
        instructions: String,
    ) -> Self {
        Self { model, tools, instructions }
    }
}

impl AiChatAgent for Assistant {
    async fn on_chat_message(&self, cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        let messages = cx.messages()?;
        let first = messages.iter().find(|message| message.role == Role::User);
        let title = first.map(|message| message.text()).unwrap_or_default();
        let id = cx.name().to_owned();
        let list = cx.agents().get::<Conversations>(DEFAULT)?;
        list.run(move |list, cx| async move { list.used(&cx, &id, &title) }).await??;
        let mut answer = StreamText::new(Arc::clone(&self.model)).messages(&messages);
        if !self.instructions.is_empty() {
            answer = answer.system(self.instructions.as_str());
        }
        Ok(answer.tools(self.tools.iter().cloned()).into_reply())
    }
}
