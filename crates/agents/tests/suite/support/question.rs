//! An answer that asks a person.

use domovoi_agents::prelude::*;
use domovoi_protocol::Chunk;
use futures::{StreamExt, stream};
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// May `deleteFile` delete `a.txt`? The message ends once the gate is open.
pub(crate) fn asks_to_delete(gate: &CancellationToken) -> ChatReply {
    let chunks = [
        Chunk::ToolInputAvailable {
            tool_call_id: "call".to_owned(),
            tool_name: "deleteFile".to_owned(),
            input: json!({"path": "a.txt"}),
            dynamic: None,
            title: None,
        },
        Chunk::ToolApprovalRequest {
            approval_id: "question".to_owned(),
            tool_call_id: "call".to_owned(),
        },
    ];
    let gate = gate.clone();
    let end = stream::once(async move {
        gate.cancelled().await;
        Ok(Chunk::FinishStep)
    });
    ChatReply::from_chunks(stream::iter(chunks.map(Ok)).chain(end))
}

/// A gate that stands open.
pub(crate) fn open_gate() -> CancellationToken {
    let gate = CancellationToken::new();
    gate.cancel();
    gate
}
