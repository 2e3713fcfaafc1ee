//! A conversation of Open WebUI's export: a tree of messages, of which the way to the current one is
//! taken.

use serde_json::Value;

use super::{Imported, branch, message, milliseconds};

pub(super) fn read(json: &Value) -> Option<Imported> {
    let history = json.get("chat")?.get("history")?;
    let nodes = history.get("messages")?.as_object()?;
    let last = history["currentId"].as_str()?;
    let way = branch(last, |node| nodes.get(node)?.get("parentId")?.as_str(), nodes.len());
    let messages = way.into_iter().filter_map(|node| {
        let said = nodes.get(node)?;
        message(said["role"].as_str()?, said["content"].as_str()?)
    });
    let title = json["title"].as_str().or_else(|| json["chat"]["title"].as_str());
    Some(Imported {
        title: title.unwrap_or_default().to_owned(),
        created_at: milliseconds(&json["created_at"]),
        updated_at: milliseconds(&json["updated_at"]),
        messages: messages.collect(),
    })
}
