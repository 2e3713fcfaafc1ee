//! Tools of every kind, called by a model that needs no weights.

use std::sync::Arc;

use domovoi_agents::prelude::*;
use domovoi_models::LanguageModel;

use super::{tool_model::ToolModel, tools};

#[derive(Clone)]
pub(crate) struct ToolAgent {
    model: Arc<dyn LanguageModel>,
}

#[agent]
impl ToolAgent {
    pub(crate) fn new() -> Self {
        Self { model: Arc::new(ToolModel::new()) }
    }
}

impl AiChatAgent for ToolAgent {
    async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        let answer = StreamText::new(Arc::clone(&self.model)).messages(&cx.messages()?);
        // The client may describe its tools; the one it has in any case is known here.
        let client_tools = turn.client_tools.into_iter().chain([tools::get_timezone()]);
        Ok(answer.tools(tools::all()).client_tools(client_tools).into_reply())
    }
}
