//! The command palette: everything a person can go to or do, found by a few letters.

use leptos::prelude::*;

use super::use_workspace::{Workspace, use_workspace};
use crate::reactive::memo;
use crate::{
    address::{Section, path_of},
    theme::Theme,
};

/// Most entries that are shown.
const MOST: usize = 12;

/// What an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Goes to a page.
    Go(String),
    /// Begins a conversation.
    New,
    /// Switches between light and dark.
    Theme,
}

/// One line of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub label: String,
    /// What kind of thing it is, or its key.
    pub hint: &'static str,
    /// What it does.
    pub deed: Deed,
}

impl Entry {
    fn new(label: &str, hint: &'static str, deed: Deed) -> Self {
        Self { label: label.to_owned(), hint, deed }
    }
}

/// The palette.
#[derive(Clone, Copy)]
pub struct Palette {
    /// Whether it is open.
    pub is_open: RwSignal<bool>,
    /// What was typed.
    pub query: RwSignal<String>,
    /// What fits it.
    pub entries: Memo<Vec<Entry>>,
    /// The entry that Enter takes.
    pub active: RwSignal<usize>,
    workspace: Workspace,
}

/// Makes the palette.
pub fn use_palette() -> Palette {
    let workspace = use_workspace();
    let query = RwSignal::new(String::new());
    let entries = memo(move || {
        let query = query.get();
        let commands = vec![
            Entry::new("New conversation", "Ctrl Shift O", Deed::New),
            Entry::new("Switch between light and dark", "", Deed::Theme),
        ];
        let sections = [Section::Approvals, Section::Tasks, Section::Agents].map(|section| {
            let (path, title) = section.place();
            Entry::new(title, "Page", Deed::Go(path.to_owned()))
        });
        let commands = commands.into_iter().chain(sections);
        let conversations = workspace.conversations.list.get().into_iter().map(|conversation| {
            Entry::new(&conversation.title, "Conversation", Deed::Go(path_of(&conversation.id)))
        });
        fitting(commands.chain(conversations), &query)
    });
    Palette { is_open: RwSignal::new(false), query, entries, active: RwSignal::new(0), workspace }
}

impl Palette {
    /// Opens it, empty.
    pub fn open(&self) {
        self.search("");
        self.is_open.set(true);
    }

    /// Shows what fits these letters.
    pub fn search(&self, query: &str) {
        self.query.set(query.to_owned());
        self.active.set(0);
    }

    /// Goes to another entry, around the ends.
    pub fn step(&self, by: isize) {
        let count = self.entries.with_untracked(Vec::len).max(1);
        self.active.update(|active| {
            *active = active.saturating_add_signed(by + count.cast_signed()) % count;
        });
    }

    /// Does what the active entry says.
    pub fn take(&self) {
        let active = self.active.get_untracked();
        if let Some(entry) = self.entries.with_untracked(|entries| entries.get(active).cloned()) {
            self.run(&entry.deed);
        }
    }

    /// Does what an entry says.
    pub fn run(&self, deed: &Deed) {
        self.is_open.set(false);
        match deed {
            Deed::Go(path) => self.workspace.go(path),
            Deed::New => {
                self.workspace.go("/");
                self.workspace.begin_new();
            }
            Deed::Theme => Theme::toggle(),
        }
    }
}

/// Those that have every word of the query in them.
fn fitting(entries: impl Iterator<Item = Entry>, query: &str) -> Vec<Entry> {
    let query = query.to_lowercase();
    let fits = |entry: &Entry| {
        let label = entry.label.to_lowercase();
        query.split_whitespace().all(|word| label.contains(word))
    };
    entries.filter(fits).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::{Deed, Entry, fitting};

    #[test]
    fn entries_fit_by_all_their_words() {
        let all = ["New conversation", "A new house", "Old HOUSE"];
        let found = |query: &str| -> Vec<String> {
            let entries = all.iter().map(|label| Entry::new(label, "", Deed::New));
            fitting(entries, query).into_iter().map(|entry| entry.label).collect()
        };
        assert_eq!(found(""), all);
        assert_eq!(found("house"), ["A new house", "Old HOUSE"]);
        assert_eq!(found(" HOU new "), ["A new house"]);
        assert!(found("none").is_empty());
    }
}
