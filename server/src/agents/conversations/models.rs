//! Which model answers in which conversation.

use domovoi_app::types::ConversationsState;

/// Most conversations that have not begun and have a model all the same; the oldest choices go.
const MOST_NEW: usize = 50;

/// Notes the route of a conversation; an empty one is the default, and not noted.
pub(super) fn choose(state: &mut ConversationsState, id: String, route: String) {
    state.models.retain(|(of, _)| *of != id);
    if !route.is_empty() {
        state.models.push((id, route));
    }
    let is_new = |id: &str| !state.conversations.iter().any(|it| it.id == id);
    let new = state.models.iter().filter(|(id, _)| is_new(id)).count();
    let mut surplus = new.saturating_sub(MOST_NEW);
    state.models.retain(|(id, _)| {
        let goes = surplus > 0 && is_new(id);
        surplus -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use domovoi_app::types::Conversation;

    use super::*;

    #[test]
    fn a_choice_replaces_the_one_before_and_the_default_is_none() {
        let mut state = ConversationsState::default();
        for route in ["fast", "good"] {
            choose(&mut state, "a".to_owned(), route.to_owned());
        }
        assert_eq!(state.models, [("a".to_owned(), "good".to_owned())]);
        choose(&mut state, "a".to_owned(), String::new());
        assert!(state.models.is_empty());
    }

    #[test]
    fn choices_for_conversations_that_never_begin_are_few() {
        let kept = Conversation { id: "kept".to_owned(), ..Conversation::default() };
        let mut state = ConversationsState { conversations: vec![kept], ..Default::default() };
        choose(&mut state, "kept".to_owned(), "fast".to_owned());
        for index in 0..MOST_NEW + 10 {
            choose(&mut state, index.to_string(), "fast".to_owned());
        }
        assert_eq!(state.models.len(), MOST_NEW + 1);
        assert_eq!(state.models[0].0, "kept");
        assert_eq!(state.models[1].0, "10");
    }
}
