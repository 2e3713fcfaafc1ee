//! A conversation of ChatGPT's `conversations.json`: a tree of messages, of which the way to the current
//! one is taken. Its pictures and files are beside that file, and only named in it.

use domovoi_protocol::UiMessage;
use serde_json::Value;

use super::{Imported, LeftOut, branch, message, milliseconds};

pub(super) fn read(json: &Value, left_out: &mut LeftOut) -> Option<Imported> {
    let nodes = json.get("mapping")?.as_object()?;
    let last = json["current_node"].as_str()?;
    let way = branch(last, |node| nodes.get(node)?.get("parent")?.as_str(), nodes.len());
    let said = way.into_iter().filter_map(|node| nodes.get(node)?.get("message"));
    let messages = said.filter(|said| is_shown(said)).filter_map(|said| read_one(said, left_out));
    Some(Imported {
        title: json["title"].as_str().unwrap_or_default().to_owned(),
        created_at: milliseconds(&json["create_time"]),
        updated_at: milliseconds(&json["update_time"]),
        folder: None,
        messages: messages.collect(),
    })
}

/// Whether ChatGPT shows it: not what it is told of the person, and not what goes to a tool.
fn is_shown(said: &Value) -> bool {
    let hidden = said["metadata"]["is_visually_hidden_from_conversation"] == true;
    let to_somebody_else = said["recipient"].as_str().is_some_and(|to| to != "all");
    let kind = said["content"]["content_type"].as_str().unwrap_or("text");
    !hidden && !to_somebody_else && matches!(kind, "text" | "multimodal_text")
}

fn read_one(said: &Value, left_out: &mut LeftOut) -> Option<UiMessage> {
    let parts = said["content"]["parts"].as_array()?;
    let texts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
    let message = message(said["author"]["role"].as_str()?, &texts.join("\n\n"), Vec::new());
    let pictures = parts.iter().filter(|part| part.get("asset_pointer").is_some()).count();
    let attached = said["metadata"]["attachments"].as_array().map_or(0, Vec::len);
    // A picture that a person attached is in both lists.
    left_out.missing_files += pictures.max(attached);
    message
}
