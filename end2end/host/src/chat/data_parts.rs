//! Parts of the application's own beside the text.

use domovoi_agents::prelude::*;
use domovoi_protocol::{Chunk, chunk::DataChunk};
use futures::stream;
use serde_json::json;

#[derive(Default)]
pub(crate) struct DataPartsAgent;

#[agent]
impl DataPartsAgent {}

impl AiChatAgent for DataPartsAgent {
    async fn on_chat_message(&self, _cx: &Context<Self>, _turn: ChatTurn) -> Result<ChatReply> {
        let chunks = [
            Chunk::text_start("text"),
            Chunk::text_delta("text", "Hello from data agent"),
            Chunk::text_end("text"),
            Chunk::Data(DataChunk {
                kind: "data-progress".to_owned(),
                id: Some("p1".to_owned()),
                data: Some(json!({"percent": 50})),
                transient: Some(true),
            }),
            Chunk::Data(DataChunk {
                kind: "data-result".to_owned(),
                id: Some("r1".to_owned()),
                data: Some(json!({"answer": 42})),
                transient: None,
            }),
            Chunk::Finish { finish_reason: Some("stop".to_owned()), message_metadata: None },
        ];
        Ok(ChatReply::from_chunks(stream::iter(chunks.map(Ok))))
    }
}
