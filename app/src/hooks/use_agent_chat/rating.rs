//! What a person thinks of an answer.

use domovoi_protocol::UiMessage;
use leptos::{prelude::GetValue, task::spawn_local};
use serde_json::Value;

use super::AgentChat;

/// What a person thinks of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rating {
    /// It is good.
    Up,
    /// It is not.
    Down,
}

impl Rating {
    fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// The rating in a message's metadata.
    #[must_use]
    pub fn of(message: &UiMessage) -> Option<Self> {
        match message.metadata.as_ref()?["rating"].as_str()? {
            "up" => Some(Self::Up),
            "down" => Some(Self::Down),
            _ => None,
        }
    }
}

impl AgentChat {
    /// Tells the server what the person thinks of an answer, in the place of what they said before;
    /// it becomes metadata of the message. The comment may be empty. `then` hears whether it is kept.
    pub fn rate(
        &self,
        message_id: &str,
        rating: Rating,
        comment: &str,
        then: impl FnOnce(bool) + 'static,
    ) {
        let arguments = [message_id, rating.name(), comment].map(Value::from);
        let client = self.client.try_get_value().flatten();
        spawn_local(async move {
            let kept = match client {
                Some(client) => client.call::<Value>("feedback", arguments).await.is_ok(),
                None => false,
            };
            then(kept);
        });
    }
}

#[cfg(test)]
mod tests {
    use domovoi_protocol::{Role, UiMessage};
    use serde_json::json;

    use super::Rating;

    #[test]
    fn ratings_are_metadata() {
        let mut message = UiMessage::new("m", Role::Assistant, "answer");
        assert_eq!(Rating::of(&message), None);
        message.metadata = Some(json!({ "rating": "down" }));
        assert_eq!(Rating::of(&message), Some(Rating::Down));
        message.metadata = Some(json!({ "rating": 3 }));
        assert_eq!(Rating::of(&message), None);
    }
}
