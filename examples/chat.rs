//! A chat agent: answers with a model, keeps secrets out of its history, asks itself a question each
//! morning, and can be written to from outside.

use std::{process::ExitCode, time::Duration};

use domovoi_agents::{
    chat::{ChatOptions, Concurrency, FinishedTurn},
    prelude::*,
};
use domovoi_protocol::{Part, Role, UiMessage};

#[derive(Default)]
struct Butler;

impl AiChatAgent for Butler {
    async fn on_chat_message(&self, cx: &Context<Self>, turn: ChatTurn) -> Result<ChatReply> {
        let answer = StreamText::new(cx.model("default")?)
            .for_turn(cx, &turn)
            .system("You are a butler. Be brief.")
            .messages(&cx.recent_messages(50)?)
            .client_tools(turn.client_tools);
        Ok(answer.into_reply())
    }

    async fn on_finish(&self, cx: &Context<Self>, finished: &FinishedTurn) -> Result<()> {
        let words = finished.message.as_ref().map_or(0, |it| it.text().split(' ').count());
        cx.broadcast(format!("{:?}, {words} words", finished.outcome));
        Ok(())
    }

    fn sanitize_message(&self, mut message: UiMessage) -> UiMessage {
        for part in &mut message.parts {
            if let Part::Text { text, .. } = part {
                *text = text.replace("sesame", "[password]");
            }
        }
        message
    }

    fn chat_options(&self) -> ChatOptions {
        let patience = Duration::from_millis(200);
        ChatOptions::default()
            .concurrency(Concurrency::Debounce(patience))
            .max_persisted_messages(1000)
    }
}

#[agent]
impl Butler {
    /// Has the butler report every morning, in the conversation itself.
    #[callable]
    fn report_mornings(&self, cx: &Context<Self>) -> Result<Schedule> {
        Ok(cx.schedule(Cron::parse("0 8 * * *")?, Self::REPORT, ())?)
    }

    #[task]
    fn report(&self, cx: &Context<Self>) {
        cx.ask("What is on today?");
    }

    /// A message from elsewhere: no turn begins.
    #[callable]
    fn deliver(&self, cx: &Context<Self>, id: String, text: String) -> Result<()> {
        Ok(cx.save_messages([UiMessage::new(id, Role::Assistant, text)])?)
    }

    /// Asks the question of the morning now.
    #[callable]
    fn report_now(&self, cx: &Context<Self>) -> String {
        cx.ask("What is on today?")
    }
}

fn main() -> ExitCode {
    domovoi::Domovoi::new().chat_agent::<Butler>().run()
}
