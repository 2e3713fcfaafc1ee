//! Prompts that a person keeps, offered while a message begins with `/`.

use leptos::{ev, html, prelude::*, task::spawn_local};

use super::{http, use_agent_chat::AgentChat};
use crate::reactive::{effect, memo};
use crate::types::prompts::PROMPTS_AGENT;

/// A prompt: its name and its text.
type Prompt = (String, String);

/// What is offered.
#[derive(Clone, Copy)]
pub struct Prompts {
    /// Those that fit what was typed; none where nothing is offered.
    pub found: Memo<Vec<Prompt>>,
    /// The one that Enter takes.
    pub active: RwSignal<usize>,
    /// Whether the list was closed and is not to open before `/` is typed anew.
    dismissed: RwSignal<bool>,
    filling: StoredValue<Option<Filling>>,
    field: NodeRef<html::Textarea>,
    chat: AgentChat,
}

/// Watches what is written in `field`.
pub fn use_prompts(field: NodeRef<html::Textarea>, chat: AgentChat) -> Prompts {
    let all = RwSignal::new(Vec::<Prompt>::new());
    let (dismissed, active) = (RwSignal::new(false), RwSignal::new(0));
    let query = memo(move || {
        chat.input
            .with(|text| text.strip_prefix('/').filter(|it| !it.contains('\n')).map(str::to_owned))
    });
    let is_asked = memo(move || query.with(Option::is_some));
    effect(move || {
        if !is_asked.get() {
            return dismissed.set(false);
        }
        spawn_local(async move {
            let path = format!("/agents/{PROMPTS_AGENT}/default/list.json");
            if let Ok(found) = http::ask(path, None).await {
                let text = |prompt: &serde_json::Value, field: &str| {
                    prompt[field].as_str().unwrap_or_default().to_owned()
                };
                let prompts = found["prompts"].as_array().map(Vec::as_slice).unwrap_or_default();
                let prompts = prompts.iter().map(|it| (text(it, "name"), text(it, "text")));
                all.try_set(prompts.collect());
            }
        });
    });
    let found = memo(move || match query.get() {
        Some(query) if !dismissed.get() => all.with(|all| fitting(all, &query)),
        _ => Vec::new(),
    });
    effect(move || {
        found.track();
        active.set(0);
    });
    Prompts { found, active, dismissed, filling: StoredValue::new(None), field, chat }
}

impl Prompts {
    /// Whether a key was for the list, or for what is to be filled in.
    pub fn takes(&self, event: &ev::KeyboardEvent) -> bool {
        let plain = !event.shift_key() && !event.ctrl_key() && !event.alt_key();
        let count = self.found.with_untracked(Vec::len);
        match event.key().as_str() {
            "Tab" if count == 0 && plain => return self.fill_next(false),
            _ if count == 0 || !plain => return false,
            "ArrowDown" => self.active.update(|active| *active = (*active + 1) % count),
            "ArrowUp" => self.active.update(|active| *active = (*active + count - 1) % count),
            "Escape" => self.dismissed.set(true),
            "Enter" | "Tab" => self.choose(self.active.get_untracked()),
            _ => return false,
        }
        true
    }

    /// Puts a prompt into the field; what is to be filled in first is selected.
    pub fn choose(&self, index: usize) {
        let Some((_, text)) = self.found.with_untracked(|found| found.get(index).cloned()) else {
            return;
        };
        self.chat.set_input(&text);
        if let Some(field) = self.field.get_untracked() {
            // Now, so that there is something to select; the signal sets the same once more.
            field.set_value(&text);
            let _ = field.focus();
        }
        self.fill_next(true);
    }

    /// Takes what is written now. What is filled in is the same wherever the prompt names it.
    pub fn write(&self, text: &str) {
        let filled = self.filling.try_update_value(|filling| {
            let filled = filling.as_mut().and_then(|filling| filling.fill(text));
            if filled.is_none() {
                *filling = None;
            }
            filled
        });
        let filled = filled.flatten().unwrap_or_else(|| text.to_owned());
        if filled != text
            && let Some(field) = self.field.get_untracked()
        {
            let caret = field.selection_end().ok().flatten().unwrap_or_default();
            field.set_value(&filled);
            let _ = field.set_selection_range(caret, caret);
        }
        self.chat.set_input(&filled);
    }

    /// Selects what is to be filled in next, after the caret or from the begin; whether there is any.
    fn fill_next(&self, from_begin: bool) -> bool {
        let Some(field) = self.field.get_untracked() else { return false };
        let caret = field.selection_end().ok().flatten().filter(|_| !from_begin).unwrap_or(0);
        let Some((start, end)) = next_variable(&field.value(), caret) else { return false };
        self.filling.set_value(Filling::new(&field.value(), start, end));
        field.set_selection_range(start, end).is_ok()
    }
}

/// A variable that is being filled in, and is named again after it.
struct Filling {
    before: String,
    /// The variable with its braces.
    variable: String,
    /// What follows, as the prompt has it.
    after: String,
    /// What was written in its place so far.
    written: String,
}

impl Filling {
    /// The variable at a place, in units of UTF-16; nothing where it is named once.
    fn new(text: &str, start: u32, end: u32) -> Option<Self> {
        let (start, end) = (byte_at(text, start), byte_at(text, end));
        let (before, variable, after) =
            (text.get(..start)?, text.get(start..end)?, text.get(end..)?);
        after.contains(variable).then(|| Self {
            before: before.to_owned(),
            variable: variable.to_owned(),
            after: after.to_owned(),
            written: variable.to_owned(),
        })
    }

    /// The text with what is written now in all places; nothing where something else was changed.
    fn fill(&mut self, text: &str) -> Option<String> {
        let after = self.after.replace(&self.variable, &self.written);
        let written = text.strip_prefix(&*self.before)?.strip_suffix(&*after)?;
        written.clone_into(&mut self.written);
        let after = self.after.replace(&self.variable, written);
        Some([&self.before, written, &after].concat())
    }
}

/// Where a place in units of UTF-16 is in bytes.
fn byte_at(text: &str, place: u32) -> usize {
    let mut at = 0;
    let found = text.char_indices().find(|(_, character)| {
        let here = at;
        at += if u32::from(*character) > 0xffff { 2 } else { 1 };
        here >= place
    });
    found.map_or(text.len(), |(byte, _)| byte)
}

/// Those that have every word of the query in their names.
fn fitting(all: &[Prompt], query: &str) -> Vec<Prompt> {
    let query = query.to_lowercase();
    let fits = |(name, _): &&Prompt| {
        let name = name.to_lowercase();
        query.split_whitespace().all(|word| name.contains(word))
    };
    all.iter().filter(fits).cloned().collect()
}

/// The first `{{name}}` from a place on, as the browser counts: in units of UTF-16.
fn next_variable(text: &str, from: u32) -> Option<(u32, u32)> {
    let mut at = 0;
    let mut begin = None;
    let mut before = None;
    for character in text.chars() {
        at += if u32::from(character) > 0xffff { 2 } else { 1 };
        let pair = before.take() == Some(character);
        match (character, begin) {
            ('{', _) if pair => begin = (at - 2 >= from).then_some(at - 2),
            ('}', Some(begin)) if pair && at - begin > 4 => return Some((begin, at)),
            ('\n', _) => begin = None,
            _ => before = Some(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Filling, fitting, next_variable};

    #[test]
    fn a_variable_that_is_named_twice_is_filled_in_once() {
        let text = "\u{1f600} Dear {{who}}, {{what}}. Bye {{who}}!";
        let (start, end) = next_variable(text, 0).unwrap();
        let mut filling = Filling::new(text, start, end).unwrap();
        let mut typed = |text: &str| filling.fill(text);
        let first = "\u{1f600} Dear A, {{what}}. Bye {{who}}!";
        assert_eq!(typed(first).unwrap(), "\u{1f600} Dear A, {{what}}. Bye A!");
        let more = "\u{1f600} Dear Anna, {{what}}. Bye A!";
        assert_eq!(typed(more).unwrap(), "\u{1f600} Dear Anna, {{what}}. Bye Anna!");
        let none = "\u{1f600} Dear , {{what}}. Bye Anna!";
        assert_eq!(typed(none).unwrap(), "\u{1f600} Dear , {{what}}. Bye !");
        assert_eq!(typed("something else"), None);
        let (start, end) = next_variable(text, end).unwrap();
        assert!(Filling::new(text, start, end).is_none(), "it is named once");
    }

    #[test]
    fn variables_are_found_one_after_the_other() {
        let text = "\u{1f600} {{who}} and {{what}}: { {{}} {{a\nb}} }} {x} {{é}}";
        let (start, end) = next_variable(text, 0).unwrap();
        assert_eq!((start, end), (3, 10));
        let (start, end) = next_variable(text, end).unwrap();
        assert_eq!((start, end), (15, 23));
        let units: Vec<u16> = text.encode_utf16().collect();
        let (start, end) = next_variable(text, end).unwrap();
        let found = &units[start as usize..end as usize];
        assert_eq!(String::from_utf16_lossy(found), "{{é}}");
        assert_eq!(next_variable(text, end), None);
        assert_eq!(next_variable("nothing", 0), None);
    }

    #[test]
    fn prompts_are_found_by_words_of_their_names() {
        let prompt = |name: &str| (name.to_owned(), String::new());
        let all = [prompt("Weekly report"), prompt("Mail"), prompt("Report of a bug")];
        let found =
            |query: &str| fitting(&all, query).into_iter().map(|it| it.0).collect::<Vec<_>>();
        assert_eq!(found("").len(), 3);
        assert_eq!(found("rep"), ["Weekly report", "Report of a bug"]);
        assert_eq!(found("Bug REPORT"), ["Report of a bug"]);
        assert!(found("etc/hosts is wrong").is_empty());
    }
}
