//! Addresses of pages.

use domovoi_protocol::address::is_valid_instance_name;

/// What the address of a conversation begins with.
const CONVERSATION: &str = "/c/";

/// The conversation in the path of a page.
#[must_use]
pub fn conversation_in(path: &str) -> Option<String> {
    let id = path.strip_prefix(CONVERSATION)?.trim_end_matches('/');
    is_valid_instance_name(id).then(|| id.to_owned())
}

/// The path of a conversation's page.
#[must_use]
pub fn path_of(id: &str) -> String {
    format!("{CONVERSATION}{id}")
}

#[cfg(test)]
mod tests {
    use super::{conversation_in, path_of};

    #[test]
    fn there_and_back() {
        assert_eq!(conversation_in(&path_of("a-1")), Some("a-1".to_owned()));
        assert_eq!(conversation_in("/c/"), None);
        assert_eq!(conversation_in("/"), None);
    }
}
