//! What a search has found: each conversation once, by its title, by what was said in it, or both.

use domovoi_app::types::{Conversation, FoundMessage, Fragment, SearchHit};

/// Conversations that are shown first because their titles have the words.
const MOST_TITLES: usize = 10;
/// Most conversations of one search.
const MOST_HITS: usize = 50;
/// Most messages of a conversation.
const MOST_MESSAGES: usize = 3;

/// Begin and end of what was looked for within a text; no indexed text has them.
pub(super) const HIT: [char; 2] = ['\u{1}', '\u{2}'];

/// The conversations that were found, as they are added.
pub(super) struct Hits<'a> {
    listed: Vec<&'a Conversation>,
    words: Vec<String>,
    found: Vec<SearchHit>,
}

impl<'a> Hits<'a> {
    /// Those whose titles have all words of the query, as they are listed.
    pub(super) fn in_titles(query: &str, listed: Vec<&'a Conversation>) -> Self {
        let words = words(query);
        let mut hits = Self { listed, words, found: Vec::new() };
        let fits = |title: &str| hits.words.iter().all(|word| title.to_lowercase().contains(word));
        let titles = hits.listed.iter().filter(|it| !hits.words.is_empty() && fits(&it.title));
        hits.found = titles.take(MOST_TITLES).map(|it| hits.hit(it)).collect();
        hits
    }

    /// Adds a message with all the words, in the order of how well they fit: to what was found of its
    /// conversation, or as the first of it.
    pub(super) fn add(&mut self, conversation: &str, message: impl FnOnce() -> FoundMessage) {
        let place = self.found.iter().position(|it| it.conversation_id == conversation);
        let place = match place {
            Some(place) => place,
            None if self.found.len() == MOST_HITS => return,
            None => {
                let mut listed = self.listed.iter().copied();
                let Some(listed) = listed.find(|it| it.id == conversation) else { return };
                let hit = self.hit(listed);
                self.found.push(hit);
                self.found.len() - 1
            }
        };
        let messages = &mut self.found[place].messages;
        if messages.len() < MOST_MESSAGES {
            messages.push(message());
        }
    }

    pub(super) fn into_found(self) -> Vec<SearchHit> {
        self.found
    }

    fn hit(&self, conversation: &Conversation) -> SearchHit {
        SearchHit {
            conversation_id: conversation.id.clone(),
            title: fragments(&marked(&conversation.title, &self.words)),
            messages: Vec::new(),
        }
    }
}

/// The words of a query, in small letters.
fn words(query: &str) -> Vec<String> {
    let words =
        query.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// A title with begin and end of each word around it.
fn marked(title: &str, words: &[String]) -> String {
    let mut marked = String::with_capacity(title.len());
    let mut left = 0_usize;
    for (place, character) in title.char_indices() {
        if left == 0 {
            let rest = title[place..].to_lowercase();
            let longest = words.iter().filter(|word| rest.starts_with(word.as_str()));
            left = longest.map(|word| word.chars().count()).max().unwrap_or_default();
            if left > 0 {
                marked.push(HIT[0]);
            }
        }
        if !HIT.contains(&character) {
            marked.push(character);
        }
        if left > 0 {
            left -= 1;
            if left == 0 {
                marked.push(HIT[1]);
            }
        }
    }
    marked
}

/// A text with marks in pieces.
pub(super) fn fragments(text: &str) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    let mut hit = false;
    for text in text.split(HIT) {
        if !text.is_empty() {
            fragments.push(Fragment { text: text.to_owned(), hit });
        }
        hit = !hit;
    }
    fragments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(id: &str, title: &str) -> Conversation {
        Conversation { id: id.to_owned(), title: title.to_owned(), ..Conversation::default() }
    }

    /// The fragments in one, with brackets around what was looked for.
    fn text(fragments: &[Fragment]) -> String {
        let all = fragments.iter();
        all.map(|it| if it.hit { format!("[{}]", it.text) } else { it.text.clone() }).collect()
    }

    #[test]
    fn a_conversation_is_found_once() {
        let all = [
            conversation("a", "Bread and butter"),
            conversation("b", "Something else"),
            conversation("c", "How bread rises"),
        ];
        let mut hits = Hits::in_titles("BREAD", all.iter().collect());
        for (conversation, message) in
            [("b", "1"), ("c", "2"), ("b", "3"), ("gone", "4"), ("b", "5"), ("b", "6")]
        {
            let message_id = message.to_owned();
            hits.add(conversation, || FoundMessage { message_id, ..FoundMessage::default() });
        }
        let found = hits.into_found();
        let shown: Vec<_> = found
            .iter()
            .map(|hit| {
                let messages: String = hit.messages.iter().map(|it| &*it.message_id).collect();
                (text(&hit.title), messages)
            })
            .collect();
        let expected =
            [("[Bread] and butter", ""), ("How [bread] rises", "2"), ("Something else", "135")];
        assert_eq!(shown, expected.map(|(title, ids)| (title.to_owned(), ids.to_owned())));
        assert!(Hits::in_titles(" ", all.iter().collect()).into_found().is_empty());
    }

    #[test]
    fn words_are_marked_where_they_are() {
        for (title, query, expected) in [
            ("The house of spirits", "spi house", "The [house] of [spi]rits"),
            ("ÄÖ äö", "äö", "[ÄÖ] [äö]"),
            ("\u{130}stanbul tea", "tea", "\u{130}stanbul [tea]"),
            ("aaa", "\"aa\" -", "[aa]a"),
        ] {
            assert_eq!(text(&fragments(&marked(title, &words(query)))), expected);
        }
        assert_eq!(text(&fragments("\u{1}a\u{2}")), "[a]");
    }
}
