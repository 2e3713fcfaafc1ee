//! Addresses of pages.

use crate::language::t;
use domovoi_protocol::address::is_valid_instance_name;
use leptos_router::location::Url;

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

/// The page on which a task is made.
pub const NEW_TASK: &str = "/tasks/new";

/// What the address of an instance's page ends with, before its type and name: what begins with
/// `/agents/` is the instance itself, for programs.
pub const INSTANCE: &str = "instance";

/// The path of the page of an instance.
#[must_use]
pub fn page_of_instance(agent: &str, name: &str) -> String {
    format!("/agents?{INSTANCE}={agent}/{}", Url::escape(name))
}

/// What the address of a folder's page ends with, before its id.
pub const FOLDER: &str = "folder";

/// The path of the page of a folder.
#[must_use]
pub fn page_of_folder(id: &str) -> String {
    format!("/folders?{FOLDER}={id}")
}

/// What a page is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Section {
    /// A conversation, new or old.
    #[default]
    Chat,
    /// Calls that wait for a person.
    Approvals,
    /// What the assistant is to do some time.
    Tasks,
    /// What agents have stored.
    Agents,
    /// Prompts that the person keeps.
    Prompts,
    /// What holds in folders of conversations.
    Folders,
}

impl Section {
    /// What the page at this path is about.
    #[must_use]
    pub fn of(path: &str) -> Self {
        match path.trim_end_matches('/') {
            "/approvals" => Self::Approvals,
            "/tasks" | NEW_TASK => Self::Tasks,
            "/agents" => Self::Agents,
            "/prompts" => Self::Prompts,
            "/folders" => Self::Folders,
            _ => Self::Chat,
        }
    }

    /// What the page is about that is asked for; a conversation where nobody asks.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn of_request() -> Self {
        leptos::context::use_context::<http::request::Parts>()
            .map(|parts| Self::of(parts.uri.path()))
            .unwrap_or_default()
    }

    /// The page's path and title.
    #[must_use]
    pub fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Chat => ("/", t().new_conversation()),
            Self::Approvals => ("/approvals", t().approvals()),
            Self::Tasks => ("/tasks", t().tasks()),
            Self::Agents => ("/agents", t().agents()),
            Self::Prompts => ("/prompts", t().prompts()),
            Self::Folders => ("/folders", t().folders()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NEW_TASK, Section, conversation_in, page_of_instance, path_of};

    #[test]
    fn there_and_back() {
        assert_eq!(conversation_in(&path_of("a-1")), Some("a-1".to_owned()));
        assert_eq!(conversation_in("/c/"), None);
        assert_eq!(conversation_in("/"), None);
        for section in [
            Section::Chat,
            Section::Approvals,
            Section::Tasks,
            Section::Agents,
            Section::Prompts,
            Section::Folders,
        ] {
            assert_eq!(Section::of(section.place().0), section);
        }
        assert_eq!(Section::of("/tasks/"), Section::Tasks);
        assert_eq!(Section::of(NEW_TASK), Section::Tasks);
        assert_eq!(page_of_instance("a", "b&c"), "/agents?instance=a/b%26c");
    }
}
