//! An answer that leaves time to stop it, to reload, to come back.

use std::time::Duration;

use domovoi_agents::prelude::*;
use futures::{StreamExt, stream};
use tokio::time::sleep;

const PIECES: [&str; 5] = ["chunk-1 ", "chunk-2 ", "chunk-3 ", "chunk-4 ", "chunk-5"];
const APART: Duration = Duration::from_millis(400);

#[derive(Default)]
pub(crate) struct SlowAgent;

#[agent]
impl SlowAgent {}

impl AiChatAgent for SlowAgent {
    async fn on_chat_message(&self, _cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        let pieces = stream::iter(PIECES).enumerate().then(|(index, piece)| async move {
            if index > 0 {
                sleep(APART).await;
            }
            Ok(piece.to_owned())
        });
        Ok(ChatReply::from_text(pieces))
    }
}
