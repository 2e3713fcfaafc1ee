//! The command palette: everything a person can go to or do, found by a few letters.

use leptos::prelude::*;

use super::use_workspace::{Workspace, use_workspace};
use crate::language::t;
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
    /// Switches to the other language.
    Language,
    /// Lets the model of a route answer in the open conversation.
    Model(String),
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

/// Makes the palette and gives it to the components below.
pub fn provide_palette() {
    provide_context(palette());
}

/// The palette of the page.
///
/// # Panics
/// Outside of `pages::workspace`, which is a mistake in the program.
#[must_use]
pub fn use_palette() -> Palette {
    expect_context()
}

fn palette() -> Palette {
    let workspace = use_workspace();
    let query = RwSignal::new(String::new());
    let entries = memo(move || {
        let query = query.get();
        let commands = vec![
            Entry::new(t().new_conversation(), "Ctrl Shift O", Deed::New),
            Entry::new(t().switch_between_light_and_dark(), "", Deed::Theme),
            Entry::new(t().other_language(), t().language(), Deed::Language),
        ];
        let sections = [Section::Approvals, Section::Tasks, Section::Agents].map(|section| {
            let (path, title) = section.place();
            Entry::new(title, t().page(), Deed::Go(path.to_owned()))
        });
        let routes = match workspace.section.get() {
            Section::Chat => workspace.system.with(|system| system.routes.clone()),
            _ => Vec::new(),
        };
        // One is no choice.
        let models = routes.iter().filter(|_| routes.len() > 1).map(|route| {
            let label = format!("{} {} ({})", t().answer_with(), route.name, route.model);
            Entry::new(&label, t().model(), Deed::Model(route.name.clone()))
        });
        let commands = commands.into_iter().chain(sections).chain(models);
        let conversations = workspace.conversations.list.get().into_iter().map(|conversation| {
            Entry::new(&conversation.title, t().conversation(), Deed::Go(path_of(&conversation.id)))
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

    /// Opens it with the models that can be chosen.
    pub fn open_models(&self) {
        self.search(t().answer_with());
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
            Deed::Language => t().switch(),
            Deed::Model(route) => {
                let id = self.workspace.chat_id.get_untracked();
                self.workspace.conversations.choose_model(&id, route);
            }
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
