//! What a conversation is called that nobody has named: what was said first, in one line.

use domovoi_protocol::{Part, UiMessage};

use super::super::one_line;

/// Longest title, in characters; a longer one is cut.
const MAX_TITLE: usize = 80;

/// What a message says, for a title: its text, else the names of its files, which need no language.
pub(in super::super) fn gist(message: &UiMessage) -> String {
    let text = message.text();
    if !text.trim().is_empty() {
        return text;
    }
    let names = message.parts.iter().filter_map(|part| match part {
        Part::File { filename, .. } => filename.as_deref(),
        _ => None,
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The title of a conversation of which there is nothing to say in any language.
pub(super) fn untitled() -> String {
    "\u{2026}".to_owned()
}

/// One line of at most [`MAX_TITLE`] characters; nothing where there is no text.
pub(super) fn to_title(text: &str) -> Option<String> {
    let line = one_line(text);
    if line.is_empty() {
        return None;
    }
    if line.chars().count() <= MAX_TITLE {
        return Some(line);
    }
    let cut: String = line.chars().take(MAX_TITLE - 1).collect();
    Some(format!("{}…", cut.trim_end()))
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::Role;

    use super::*;

    #[test]
    fn titles_are_one_line_and_not_too_long() {
        assert_eq!(to_title(" a\n b "), Some("a b".to_owned()));
        assert_eq!(to_title(" \n"), None);
        let file = Part::File {
            media_type: "image/png".to_owned(),
            url: "/f".to_owned(),
            filename: Some("cat.png".to_owned()),
        };
        let mut message = UiMessage::new("m", Role::User, " ");
        message.parts.push(file);
        assert_eq!(gist(&message), "cat.png");
        assert_eq!(to_title(&"é".repeat(100)).unwrap().chars().count(), MAX_TITLE);
    }
}
