//! Conversations from a file: Domovoi's own, ChatGPT's export, Open WebUI's export.

mod chatgpt;
mod open_webui;
mod own;

use domovoi_protocol::{Role, UiMessage};
use serde_json::Value;
use uuid::Uuid;

/// A conversation as a file has it.
#[derive(Debug, PartialEq)]
pub(super) struct Imported {
    pub(super) title: String,
    /// Milliseconds since 1970; nothing where the file does not say.
    pub(super) created_at: Option<u64>,
    pub(super) updated_at: Option<u64>,
    pub(super) messages: Vec<UiMessage>,
}

/// The conversations of a file; those without a message are left out.
///
/// # Errors
/// What is wrong with the file, for a person to read.
pub(super) fn read(file: &[u8]) -> Result<Vec<Imported>, String> {
    let json: Value = serde_json::from_slice(file)
        .map_err(|_| "This is no export of conversations: it is not JSON.".to_owned())?;
    let found = if own::is(&json) {
        own::read(&json)?
    } else {
        let all = match &json {
            Value::Array(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        all.iter().filter_map(|one| chatgpt::read(one).or_else(|| open_webui::read(one))).collect()
    };
    let found: Vec<Imported> = found.into_iter().filter(|it| !it.messages.is_empty()).collect();
    if found.is_empty() {
        return Err("There is no conversation in this file. Exports of Domovoi, ChatGPT \
                    (conversations.json) and Open WebUI can be imported."
            .to_owned());
    }
    Ok(found)
}

/// A message of text alone, with a new id; nothing where there is no text, or nobody's.
fn message(role: &str, text: &str) -> Option<UiMessage> {
    let role = match role {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => return None,
    };
    (!text.trim().is_empty()).then(|| UiMessage::new(Uuid::now_v7().to_string(), role, text))
}

/// Seconds since 1970, as other programs write them, in milliseconds.
fn milliseconds(seconds: &Value) -> Option<u64> {
    let seconds = seconds.as_f64().filter(|seconds| (0.0..1e11).contains(seconds))?;
    // In bounds by the line above.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some((seconds * 1000.0) as u64)
}

/// The way from the root of a tree of messages to `leaf`; a circle ends it.
fn branch<'a>(
    leaf: &'a str,
    parent_of: impl Fn(&'a str) -> Option<&'a str>,
    most: usize,
) -> Vec<&'a str> {
    let mut way: Vec<&str> =
        std::iter::successors(Some(leaf), |node| parent_of(node)).take(most).collect();
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(imported: &Imported) -> Vec<(Role, String)> {
        imported.messages.iter().map(|message| (message.role, message.text())).collect()
    }

    #[test]
    fn chatgpt() {
        let file = br#"[{"title": "Cats", "create_time": 1700000000.5, "update_time": 1700000100,
          "current_node": "c", "mapping": {
            "r": {"id": "r", "message": null, "parent": null, "children": ["a"]},
            "a": {"id": "a", "parent": "r", "children": ["b", "c"], "message":
              {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["Why?", {"x": 1}]}}},
            "b": {"id": "b", "parent": "a", "children": [], "message":
              {"author": {"role": "assistant"}, "content": {"content_type": "text", "parts": ["Left out."]}}},
            "c": {"id": "c", "parent": "a", "children": [], "message":
              {"author": {"role": "assistant"}, "content": {"content_type": "text", "parts": ["Because."]}}}
          }}]"#;
        let [one] = &read(file).unwrap()[..] else { panic!() };
        assert_eq!((one.title.as_str(), one.created_at), ("Cats", Some(1_700_000_000_500)));
        let expected = [(Role::User, "Why?".to_owned()), (Role::Assistant, "Because.".to_owned())];
        assert_eq!(texts(one), expected);
    }

    #[test]
    fn open_webui() {
        let file = br#"[{"id": "x", "title": "Dogs", "created_at": 1700000000, "updated_at": 1700000001, "chat": {
          "title": "Dogs", "history": {"currentId": "2", "messages": {
            "1": {"id": "1", "parentId": null, "role": "user", "content": "Who?"},
            "2": {"id": "2", "parentId": "1", "role": "assistant", "content": "Rex."},
            "3": {"id": "3", "parentId": "1", "role": "assistant", "content": "Left out."}}}}}]"#;
        let [one] = &read(file).unwrap()[..] else { panic!() };
        let expected = [(Role::User, "Who?".to_owned()), (Role::Assistant, "Rex.".to_owned())];
        assert_eq!((one.title.as_str(), texts(one)), ("Dogs", expected.to_vec()));
    }

    #[test]
    fn a_circle_ends() {
        let file =
            br#"{"title": "", "current_node": "a", "mapping": {"a": {"parent": "a", "message":
          {"author": {"role": "user"}, "content": {"parts": ["x"]}}}}}"#;
        assert_eq!(read(file).unwrap()[0].messages.len(), 1);
    }

    #[test]
    fn what_is_no_export_is_said_in_words() {
        for file in ["", "hello", "{}", "[]", "[1,2]", r#"{"mapping": 5}"#, r#"{"domovoi": 1}"#] {
            let error = read(file.as_bytes()).unwrap_err();
            assert!(error.contains("export") || error.contains("Exports"), "{file}: {error}");
        }
        let newer = read(br#"{"domovoi": 2, "conversations": []}"#).unwrap_err();
        assert!(newer.contains("newer"), "{newer}");
    }
}
