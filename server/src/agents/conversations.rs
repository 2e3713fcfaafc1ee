//! The list of conversations: the state of one instance, so that every tab sees every change.

use std::time::{SystemTime, UNIX_EPOCH};

use domovoi_agents::prelude::*;
use domovoi_app::types::{ASSISTANT_AGENT, Conversation, ConversationsState};

/// Longest title, in characters; a longer one is cut.
const MAX_TITLE: usize = 80;

/// The list of conversations.
#[derive(Default)]
pub(crate) struct Conversations;

#[agent(state = ConversationsState)]
impl Conversations {
    fn validate_state(
        &self,
        _cx: &Context<Self>,
        _state: &ConversationsState,
        source: &StateSource,
    ) -> Result<()> {
        match source {
            StateSource::Server => Ok(()),
            StateSource::Client(_) => Err("the list is changed by calls".into()),
        }
    }

    /// Gives a conversation another title.
    #[callable]
    fn rename(&self, cx: &Context<Self>, id: String, title: String) -> Result<()> {
        let title = to_title(&title).ok_or("a title cannot be empty")?;
        cx.update_state(|state| {
            let found = state.conversations.iter_mut().find(|conversation| conversation.id == id);
            found.map(|conversation| conversation.title = title)
        })?
        .ok_or_else(|| "there is no such conversation".into())
    }

    /// Deletes a conversation and everything in it.
    #[callable]
    async fn remove(&self, cx: &Context<Self>, id: String) -> Result<()> {
        if !cx.state().conversations.iter().any(|conversation| conversation.id == id) {
            return Err("there is no such conversation".into());
        }
        cx.agents().destroy(ASSISTANT_AGENT, &id).await?;
        cx.update_state(|state| state.conversations.retain(|conversation| conversation.id != id))?;
        Ok(())
    }

    /// Notes that somebody wrote in a conversation; a new one gets a title from its first message.
    pub(crate) fn used(&self, cx: &Context<Self>, id: &str, first_message: &str) -> Result<()> {
        let now = now();
        cx.update_state(|state| {
            let list = &mut state.conversations;
            let mut conversation = match list.iter().position(|other| other.id == id) {
                Some(index) => list.remove(index),
                None => Conversation {
                    id: id.to_owned(),
                    title: to_title(first_message).unwrap_or_else(|| "New chat".to_owned()),
                    created_at: now,
                    updated_at: now,
                },
            };
            conversation.updated_at = now;
            list.insert(0, conversation);
        })?;
        Ok(())
    }
}

/// One line of at most [`MAX_TITLE`] characters; nothing where there is no text.
fn to_title(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return None;
    }
    if line.chars().count() <= MAX_TITLE {
        return Some(line);
    }
    let cut: String = line.chars().take(MAX_TITLE - 1).collect();
    Some(format!("{}…", cut.trim_end()))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_one_line_and_not_too_long() {
        assert_eq!(to_title(" a\n b "), Some("a b".to_owned()));
        assert_eq!(to_title(" \n"), None);
        assert_eq!(to_title(&"é".repeat(100)).unwrap().chars().count(), MAX_TITLE);
    }
}
