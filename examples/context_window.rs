//! A chat agent whose conversation may be longer than its model can read: it sends the newest
//! messages, a summary of those before, and facts that it is never to forget.

use std::process::ExitCode;

use domovoi_agents::{chat::PinnedFact, prelude::*};

#[derive(Default)]
struct Companion;

impl AiChatAgent for Companion {
    async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        let window = cx
            .conversation_window()
            .max_tokens(2000)
            .answer_tokens(500)
            .longest_tool_result(300)
            .fact(format!("The person is called {}.", cx.name()));
        let model = cx.model("default")?;
        let history = cx.history_for(&*model, &window)?;
        let answer = StreamText::new(model)
            .for_turn(cx, &turn)
            .system("You are good company.")
            .history(&history)
            .context(window);
        Ok(answer.into_reply())
    }
}

#[agent]
impl Companion {
    #[callable]
    fn remember(&self, cx: &Context<Self>, key: String, fact: String) -> Result<()> {
        Ok(cx.pin_fact(key, fact)?)
    }

    #[callable]
    fn remembered(&self, cx: &Context<Self>) -> Result<Vec<PinnedFact>> {
        Ok(cx.pinned_facts()?)
    }

    /// Whether there was something to forget.
    #[callable]
    fn forget(&self, cx: &Context<Self>, key: String) -> Result<bool> {
        Ok(cx.unpin_fact(&key)?)
    }
}

fn main() -> ExitCode {
    domovoi::Domovoi::new().chat_agent::<Companion>().run()
}
