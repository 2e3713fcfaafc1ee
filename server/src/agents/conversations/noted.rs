//! What is noted of single conversations, begun or not: which model answers, which folder it is in.

use domovoi_app::types::Conversation;

/// Most conversations that have not begun and of which something is noted all the same; the oldest go.
const MOST_NEW: usize = 50;

/// Notes a value of a conversation; an empty one is the default, and not noted.
pub(super) fn note(
    notes: &mut Vec<(String, String)>,
    conversations: &[Conversation],
    id: String,
    value: String,
) {
    notes.retain(|(of, _)| *of != id);
    if !value.is_empty() {
        notes.push((id, value));
    }
    let is_new = |id: &str| !conversations.iter().any(|it| it.id == id);
    let new = notes.iter().filter(|(id, _)| is_new(id)).count();
    let mut surplus = new.saturating_sub(MOST_NEW);
    notes.retain(|(id, _)| {
        let goes = surplus > 0 && is_new(id);
        surplus -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_replaces_the_one_before_and_the_default_is_none() {
        let mut notes = Vec::new();
        for route in ["fast", "good"] {
            note(&mut notes, &[], "a".to_owned(), route.to_owned());
        }
        assert_eq!(notes, [("a".to_owned(), "good".to_owned())]);
        note(&mut notes, &[], "a".to_owned(), String::new());
        assert!(notes.is_empty());
    }

    #[test]
    fn notes_of_conversations_that_never_begin_are_few() {
        let kept = [Conversation { id: "kept".to_owned(), ..Conversation::default() }];
        let mut notes = Vec::new();
        note(&mut notes, &kept, "kept".to_owned(), "fast".to_owned());
        for index in 0..MOST_NEW + 10 {
            note(&mut notes, &kept, index.to_string(), "fast".to_owned());
        }
        assert_eq!(notes.len(), MOST_NEW + 1);
        assert_eq!(notes[0].0, "kept");
        assert_eq!(notes[1].0, "10");
    }
}
