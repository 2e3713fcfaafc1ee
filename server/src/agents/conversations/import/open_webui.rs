//! A conversation of Open WebUI's export: a tree of messages, of which the way to the current one is
//! taken, with pictures as data and files as the text that was read in them.

use base64::{Engine, engine::general_purpose::STANDARD};
use domovoi_protocol::Part;
use serde_json::Value;

use super::{Imported, LeftOut, branch, message, milliseconds};

pub(super) fn read(json: &Value, left_out: &mut LeftOut) -> Option<Imported> {
    let history = json.get("chat")?.get("history")?;
    let nodes = history.get("messages")?.as_object()?;
    let last = history["currentId"].as_str()?;
    let way = branch(last, |node| nodes.get(node)?.get("parentId")?.as_str(), nodes.len());
    let messages = way.into_iter().filter_map(|node| {
        let said = nodes.get(node)?;
        let attached = said["files"].as_array().map(Vec::as_slice).unwrap_or_default();
        let files: Vec<Part> = attached.iter().filter_map(file).collect();
        left_out.missing_files += attached.len() - files.len();
        message(said["role"].as_str()?, said["content"].as_str()?, files)
    });
    let title = json["title"].as_str().or_else(|| json["chat"]["title"].as_str());
    Some(Imported {
        title: title.unwrap_or_default().to_owned(),
        created_at: milliseconds(&json["created_at"]),
        updated_at: milliseconds(&json["updated_at"]),
        folder: None,
        messages: messages.collect(),
    })
}

/// A picture or a file, where its content is there.
fn file(attached: &Value) -> Option<Part> {
    let name = attached["name"].as_str().or_else(|| attached["file"]["filename"].as_str());
    let url = match attached["url"].as_str().filter(|url| url.starts_with("data:")) {
        Some(url) => url.to_owned(),
        None => {
            let text = attached["file"]["data"]["content"].as_str().filter(|it| !it.is_empty())?;
            format!("data:text/plain;base64,{}", STANDARD.encode(text))
        }
    };
    Some(Part::File { media_type: String::new(), url, filename: name.map(str::to_owned) })
}
