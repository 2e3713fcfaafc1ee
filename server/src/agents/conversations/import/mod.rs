//! Conversations from a file: Domovoi's own, ChatGPT's export, Open WebUI's export.

mod add;
mod chatgpt;
mod left_out;
mod open_webui;
mod own;

use domovoi_app::language::Lang;
use domovoi_protocol::{Part, Role, UiMessage};
use serde_json::Value;
use uuid::Uuid;

pub(super) use self::{add::add, left_out::LeftOut};
use crate::languages::say;

const NO_CONVERSATION: &str = "There is no conversation in this file. Exports of Domovoi, ChatGPT \
    (conversations.json) and Open WebUI can be imported.";

/// What a ZIP archive begins with.
const ZIP: &[u8] = b"PK\x03\x04";

/// A conversation as a file has it.
#[derive(Debug, PartialEq)]
pub(super) struct Imported {
    pub(super) title: String,
    /// Milliseconds since 1970; nothing where the file does not say.
    pub(super) created_at: Option<u64>,
    pub(super) updated_at: Option<u64>,
    /// The name of its folder. Its instructions stay behind: nobody would see that they are there.
    pub(super) folder: Option<String>,
    pub(super) messages: Vec<UiMessage>,
}

/// The conversations of a file, and what was left out of it.
///
/// # Errors
/// What is wrong with the file, for a person who reads this language.
pub(super) fn read(file: &[u8], lang: Lang) -> Result<(Vec<Imported>, LeftOut), String> {
    if file.starts_with(ZIP) {
        // As ChatGPT's export comes; nothing is unpacked here.
        return Err(
            "This is an archive: unpack it, and import the conversations.json in it.".into()
        );
    }
    let json: Value = serde_json::from_slice(file)
        .map_err(|_| "This is no export of conversations: it is not JSON.".to_owned())?;
    let mut left_out = LeftOut::default();
    let mut found = if own::is(&json) {
        own::read(json, &mut left_out)?
    } else {
        let all = match &json {
            Value::Array(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        all.iter().filter_map(|one| foreign(one, &mut left_out)).collect()
    };
    found.retain(|conversation: &Imported| {
        let says_something = !conversation.messages.is_empty();
        if !says_something {
            left_out.empty();
        }
        says_something
    });
    if found.is_empty() {
        let text = say(NO_CONVERSATION, lang);
        let words: Vec<String> = [text].into_iter().chain(left_out.words(lang)).collect();
        return Err(words.join(" "));
    }
    Ok((found, left_out))
}

fn foreign(json: &Value, left_out: &mut LeftOut) -> Option<Imported> {
    let found = chatgpt::read(json, left_out).or_else(|| open_webui::read(json, left_out));
    if found.is_none() {
        left_out.unreadable("no conversation of ChatGPT's or Open WebUI's");
    }
    found
}

/// A message with a new id; nothing where there is neither a text nor a file, or nobody's.
fn message(role: &str, text: &str, files: Vec<Part>) -> Option<UiMessage> {
    let role = match role {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => return None,
    };
    let mut message = UiMessage::new(Uuid::now_v7().to_string(), role, text);
    if text.trim().is_empty() {
        message.parts.clear();
    }
    message.parts.extend(files);
    (!message.parts.is_empty()).then_some(message)
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
        let [one] = &read(file, Lang::En).unwrap().0[..] else { panic!() };
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
        let [one] = &read(file, Lang::En).unwrap().0[..] else { panic!() };
        let expected = [(Role::User, "Who?".to_owned()), (Role::Assistant, "Rex.".to_owned())];
        assert_eq!((one.title.as_str(), texts(one)), ("Dogs", expected.to_vec()));
    }

    #[test]
    fn what_chatgpt_does_not_show_is_left_out_and_pictures_are_missed() {
        let file = br#"[{"title": "Cats", "current_node": "e", "mapping": {
            "a": {"parent": null, "message": {"author": {"role": "user"}, "content":
              {"content_type": "user_editable_context", "parts": ["About me"]}}},
            "b": {"parent": "a", "message": {"author": {"role": "assistant"}, "content":
              {"parts": ["Obey."]}, "metadata": {"is_visually_hidden_from_conversation": true}}},
            "c": {"parent": "b", "message": {"author": {"role": "assistant"}, "recipient": "python",
              "content": {"content_type": "code", "text": "x", "parts": ["print()"]}}},
            "d": {"parent": "c", "message": {"author": {"role": "user"}, "recipient": "all", "content":
              {"content_type": "multimodal_text", "parts": [{"asset_pointer": "file-service://1"}, "Who?"]},
              "metadata": {"attachments": [{"name": "cat.png"}]}}},
            "e": {"parent": "d", "message": {"author": {"role": "assistant"}, "content": {"parts": ["Rex."]}}}
          }}, 5, {"title": "Empty", "current_node": "x", "mapping": {}}]"#;
        let (found, left_out) = read(file, Lang::En).unwrap();
        let said = [(Role::User, "Who?".to_owned()), (Role::Assistant, "Rex.".to_owned())];
        assert_eq!(texts(&found[0]), said);
        let words = left_out.words(Lang::En).unwrap();
        for part in ["1 entry that", "1 without a message", "1 attachment that is not in the file"]
        {
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn files_of_open_webui_come_along_with_what_is_in_them() {
        let file = br#"{"chat": {"history": {"currentId": "1", "messages": {"1": {"role": "user", "content": "",
          "files": [{"type": "image", "url": "data:image/png;base64,AA=="},
            {"type": "file", "name": "a.txt", "file": {"data": {"content": "hi"}}},
            {"type": "collection", "id": "5"}]}}}}}"#;
        let (found, left_out) = read(file, Lang::En).unwrap();
        let [Part::File { .. }, Part::File { url, filename, .. }] = &found[0].messages[0].parts[..]
        else {
            panic!("{:?}", found[0].messages)
        };
        let file = (url.as_str(), filename.as_deref());
        assert_eq!(file, ("data:text/plain;base64,aGk=", Some("a.txt")));
        assert!(left_out.words(Lang::En).unwrap().contains("1 attachment that is not"));
    }

    #[test]
    fn a_circle_ends() {
        let file =
            br#"{"title": "", "current_node": "a", "mapping": {"a": {"parent": "a", "message":
          {"author": {"role": "user"}, "content": {"parts": ["x"]}}}}}"#;
        assert_eq!(read(file, Lang::En).unwrap().0[0].messages.len(), 1);
    }

    #[test]
    fn what_is_no_export_is_said_in_words() {
        for file in ["", "hello", "{}", "[]", "[1,2]", r#"{"mapping": 5}"#, r#"{"domovoi": 1}"#] {
            let error = read(file.as_bytes(), Lang::En).unwrap_err();
            assert!(error.contains("export") || error.contains("Exports"), "{file}: {error}");
        }
        let archive = read(b"PK\x03\x04 and more", Lang::En).unwrap_err();
        assert!(archive.contains("unpack"), "{archive}");
        let newer = read(br#"{"domovoi": 2, "conversations": []}"#, Lang::En).unwrap_err();
        assert!(newer.contains("newer"), "{newer}");
    }
}
