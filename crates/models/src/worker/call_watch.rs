//! Where an answer in words turns into a call of a tool.
//!
//! Small models write calls as they please: between tags, fenced, or as bare JSON. Text that may
//! become one is held back until it is one or is not.

use super::instructions::CALL;

const FENCE: &str = "```";

/// Watches the text of one answer.
pub(super) struct CallWatch {
    tools: Vec<String>,
    text: String,
    /// What of the text was passed on.
    said: usize,
}

/// Whether a text begins with what is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match<'a> {
    /// It does, and this follows.
    Yes(&'a str),
    /// It may once there is more of it.
    Perhaps,
    No,
}

impl CallWatch {
    /// Watches for calls of these tools.
    pub(super) fn new(tools: impl IntoIterator<Item = String>) -> Self {
        Self { tools: tools.into_iter().collect(), text: String::new(), said: 0 }
    }

    /// Takes more of the answer. Passes on what is no call; answers the text before the call, all
    /// of it passed on, where one begins.
    pub(super) fn push(&mut self, more: &str, say: &mut String) -> Option<&str> {
        self.text.push_str(more);
        for (offset, character) in self.text[self.said..].char_indices() {
            let at = self.said + offset;
            if !matches!(character, '<' | '{' | '`') {
                continue;
            }
            match self.call_at(at) {
                Match::No => {}
                Match::Perhaps => {
                    self.pass_on(at, say);
                    return None;
                }
                Match::Yes(_) => {
                    self.pass_on(at, say);
                    return Some(&self.text[..at]);
                }
            }
        }
        self.pass_on(self.text.len(), say);
        None
    }

    /// What was held back, where the answer ends and is no call.
    pub(super) fn rest(&mut self) -> &str {
        let said = std::mem::replace(&mut self.said, self.text.len());
        &self.text[said..]
    }

    fn pass_on(&mut self, until: usize, say: &mut String) {
        say.push_str(&self.text[self.said..until]);
        self.said = until;
    }

    fn call_at(&self, at: usize) -> Match<'_> {
        let (before, text) = self.text.split_at(at);
        if text.starts_with('<') {
            return literal(text, CALL);
        }
        // JSON and fences in the middle of a line are an example, or a part of some other JSON.
        let line = before.rsplit('\n').next().unwrap_or_default();
        if !line.trim().is_empty() {
            return Match::No;
        }
        let json = match literal(text, FENCE) {
            Match::Yes(rest) => {
                let rest = rest.trim_start_matches(|letter: char| {
                    letter.is_ascii_lowercase() || letter == '_'
                });
                blanks(rest)
            }
            Match::Perhaps => return Match::Perhaps,
            Match::No => Match::Yes(text),
        };
        self.named_call(json)
    }

    /// `{"name": "…"` with one of the tools.
    fn named_call<'a>(&self, mut at: Match<'a>) -> Match<'a> {
        for piece in ["{", "\"name\"", ":", "\""] {
            at = match at {
                Match::Yes(text) => literal(text, piece),
                other => return other,
            };
            if let (Match::Yes(text), true) = (at, piece != "\"") {
                at = blanks(text);
            }
        }
        let Match::Yes(text) = at else { return at };
        let names = self.tools.iter().map(|tool| match literal(text, tool) {
            Match::Yes(rest) => literal(rest, "\""),
            other => other,
        });
        names.fold(Match::No, |best, name| match (best, name) {
            (Match::Yes(_), _) | (_, Match::No) => best,
            _ => name,
        })
    }
}

fn literal<'a>(text: &'a str, literal: &str) -> Match<'a> {
    match text.strip_prefix(literal) {
        Some(rest) => Match::Yes(rest),
        None if literal.starts_with(text) => Match::Perhaps,
        None => Match::No,
    }
}

/// What follows blanks; where nothing does, it may come.
fn blanks(text: &str) -> Match<'_> {
    match text.trim_start() {
        "" => Match::Perhaps,
        rest => Match::Yes(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes the answer letter by letter; answers what was said and whether a call began.
    fn watch(answer: &str) -> (String, bool) {
        let mut watch = CallWatch::new(["getWeather".to_owned(), "get".to_owned()]);
        let mut said = String::new();
        for letter in answer.chars() {
            let before = watch.push(&letter.to_string(), &mut said).map(str::to_owned);
            if let Some(before) = before {
                assert_eq!(before, said);
                return (said, true);
            }
        }
        said.push_str(watch.rest());
        (said, false)
    }

    #[test]
    fn tagged_fenced_and_bare_calls_begin() {
        for (answer, said) in [
            ("I look.<tool_call>\n{", "I look."),
            ("<tool_call>", ""),
            ("```json\n{\"name\": \"getWeather\", \"arguments\"", ""),
            ("Sure:\n```\n{\n  \"name\": \"get\",", "Sure:\n"),
            ("{\"name\":\"getWeather\",\"arguments\":{}}", ""),
            ("\n {\"name\" : \"get\"}", "\n "),
        ] {
            assert_eq!(watch(answer), (said.to_owned(), true), "{answer}");
        }
    }

    #[test]
    fn all_else_is_said_as_it_is() {
        for answer in [
            "1 < 2, and <tool> is no call",
            "Write <tool_cal",
            "{\"name\": \"Ann\", \"age\": 3}",
            "{\"name\": \"getWea",
            "```rust\nfn main() { \"name\" }\n```",
            "In a line: {\"name\": \"get\"}",
            "Grüße `a` {b} ```",
        ] {
            assert_eq!(watch(answer), (answer.to_owned(), false));
        }
    }

    #[test]
    fn words_are_not_held_back() {
        let mut watch = CallWatch::new(["get".to_owned()]);
        let mut said = String::new();
        assert!(watch.push("Hello <b", &mut said).is_none());
        assert_eq!(said, "Hello <b");
        assert!(watch.push("> a <tool", &mut said).is_none());
        assert_eq!(said, "Hello <b> a ");
    }
}
