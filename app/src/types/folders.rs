//! Folders of conversations.

use serde::{Deserialize, Serialize};

use super::ConversationsState;

/// Most folders.
pub const MAX_FOLDERS: usize = 50;

/// Longest name of a folder, in characters.
pub const MAX_FOLDER_NAME: usize = 60;

/// Longest instructions of a folder, in characters.
pub const MAX_FOLDER_INSTRUCTIONS: usize = 4000;

/// A folder of conversations, with what holds for all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Folder {
    /// Its id, a UUID.
    pub id: String,
    /// What a person called it.
    pub name: String,
    /// What the model is told in its conversations.
    #[serde(default)]
    pub instructions: String,
    /// The route of the model that answers in them where they have chosen none; empty for the default.
    #[serde(default)]
    pub model: String,
    /// Whether the list does not show what is in it.
    #[serde(default)]
    pub closed: bool,
}

impl Folder {
    /// Whether this is its name; small and capital letters are the same.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.name.to_lowercase() == name.to_lowercase()
    }
}

impl ConversationsState {
    /// The folder that a conversation is in.
    #[must_use]
    pub fn folder_of(&self, conversation: &str) -> Option<&Folder> {
        let (_, id) = self.places.iter().find(|(of, _)| of == conversation)?;
        self.folders.iter().find(|folder| folder.id == *id)
    }

    /// The route that answers in a conversation: its own, else its folder's; empty for the default.
    #[must_use]
    pub fn route_of(&self, conversation: &str) -> &str {
        match self.models.iter().find(|(of, _)| of == conversation) {
            Some((_, route)) => route,
            None => self.folder_of(conversation).map_or("", |folder| &folder.model),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_has_its_own_model_or_its_folders() {
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        let folder = Folder { id: "f".to_owned(), model: "good".to_owned(), ..Folder::default() };
        let state = ConversationsState {
            folders: vec![folder],
            places: vec![pair("a", "f"), pair("b", "f"), pair("c", "gone")],
            models: vec![pair("b", "fast")],
            ..ConversationsState::default()
        };
        let routes = ["a", "b", "c", "d"].map(|id| state.route_of(id));
        assert_eq!(routes, ["good", "fast", "", ""]);
    }
}
