//! A conversation of ChatGPT's `conversations.json`: a tree of messages, of which the way to the current
//! one is taken.

use serde_json::Value;

use super::{Imported, branch, message, milliseconds};

pub(super) fn read(json: &Value) -> Option<Imported> {
    let nodes = json.get("mapping")?.as_object()?;
    let last = json["current_node"].as_str()?;
    let way = branch(last, |node| nodes.get(node)?.get("parent")?.as_str(), nodes.len());
    let messages = way.into_iter().filter_map(|node| {
        let said = &nodes.get(node)?["message"];
        let parts = said["content"]["parts"].as_array()?;
        let texts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
        message(said["author"]["role"].as_str()?, &texts.join("\n\n"))
    });
    Some(Imported {
        title: json["title"].as_str().unwrap_or_default().to_owned(),
        created_at: milliseconds(&json["create_time"]),
        updated_at: milliseconds(&json["update_time"]),
        messages: messages.collect(),
    })
}
