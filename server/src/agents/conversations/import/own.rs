//! Domovoi's own export; `export` writes it.

use domovoi_protocol::{Part, UiMessage};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{super::export::VERSION, Imported};

#[derive(Deserialize)]
struct Export {
    conversations: Vec<Conversation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Conversation {
    title: String,
    created_at: Option<u64>,
    updated_at: Option<u64>,
    messages: Vec<UiMessage>,
}

/// Whether a file says that it is one.
pub(super) fn is(json: &Value) -> bool {
    json.get("domovoi").is_some()
}

pub(super) fn read(json: &Value) -> Result<Vec<Imported>, String> {
    if json["domovoi"].as_u64().is_some_and(|version| version > VERSION) {
        return Err("This export was written by a newer Domovoi: update this one first.".to_owned());
    }
    let export = Export::deserialize(json)
        .map_err(|error| format!("This export of Domovoi is damaged: {error}."))?;
    let conversations = export.conversations.into_iter().map(|conversation| Imported {
        title: conversation.title,
        created_at: conversation.created_at,
        updated_at: conversation.updated_at,
        messages: conversation.messages.into_iter().map(renewed).collect(),
    });
    Ok(conversations.collect())
}

/// The message with an id of its own, and without files that are in another conversation.
fn renewed(mut message: UiMessage) -> UiMessage {
    message.id = Uuid::now_v7().to_string();
    message.parts.retain(|part| !matches!(part, Part::File { url, .. } if url.starts_with('/')));
    message
}
