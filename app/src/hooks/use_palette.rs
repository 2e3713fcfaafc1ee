//! The command palette: everything a person can go to or do, found by a few letters.

use leptos::prelude::*;

use super::use_workspace::{Workspace, use_workspace};
use crate::language::t;
use crate::reactive::memo;
use crate::{
    address::{Section, path_of},
    theme::Theme,
    types::ConversationsState,
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
    /// Switches to a theme, or to what the system prefers.
    Theme(Option<Theme>),
    /// Switches to the other language.
    Language,
    /// Lets the model of a route answer in the open conversation.
    Model(String),
    /// Lets the model of a route make one answer again.
    Again(String),
    /// Shows where the open conversation can be moved.
    Moves,
    /// Moves a conversation into a folder; out of its folder where that is empty.
    Move(String),
    /// Makes a folder of this name and moves a conversation into it.
    MoveToNew(String),
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
    /// The conversation that is moved, where the palette shows nothing but where to.
    pub moving: RwSignal<Option<String>>,
    /// What makes an answer again, where the palette shows nothing but by which model.
    pub again: RwSignal<Option<Callback<String>>>,
    /// Whether there are several models.
    pub has_models: Memo<bool>,
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
    let moving = RwSignal::new(None::<String>);
    let again = RwSignal::new(None::<Callback<String>>);
    let has_models = memo(move || workspace.system.with(|system| system.routes.len() > 1));
    let entries = memo(move || {
        let query = query.get();
        if let Some(id) = moving.get() {
            return workspace.conversations.state.with(|state| moves(state, &id, &query));
        }
        if again.with(Option::is_some) {
            let routes = workspace.system.with(|system| system.routes.clone());
            let mut routes = routes.into_iter().map(|route| {
                let label = format!("{} ({})", route.name, route.model);
                Entry::new(&label, t().model(), Deed::Again(route.name))
            });
            return fitting(&mut routes, &query).collect();
        }
        let commands = vec![
            Entry::new(t().new_conversation(), "Ctrl Shift O", Deed::New),
            Entry::new(t().light(), t().light_or_dark(), Deed::Theme(Some(Theme::Light))),
            Entry::new(t().dark(), t().light_or_dark(), Deed::Theme(Some(Theme::Dark))),
            Entry::new(t().as_the_system(), t().light_or_dark(), Deed::Theme(None)),
            Entry::new(t().other_language(), t().language(), Deed::Language),
        ];
        let sections = [
            Section::Approvals,
            Section::Tasks,
            Section::Agents,
            Section::Prompts,
            Section::Folders,
        ];
        let sections = sections.map(|section| {
            let (path, title) = section.place();
            Entry::new(title, t().page(), Deed::Go(path.to_owned()))
        });
        let routes = match workspace.section.get() {
            Section::Chat => workspace.system.with(|system| system.routes.clone()),
            _ => Vec::new(),
        };
        // One is no choice.
        let models = routes.iter().filter(|_| has_models.get()).map(|route| {
            let label = format!("{} {} ({})", t().answer_with(), route.name, route.model);
            Entry::new(&label, t().model(), Deed::Model(route.name.clone()))
        });
        let move_it = (workspace.section.get() == Section::Chat)
            .then(|| Entry::new(t().move_to_a_folder(), "", Deed::Moves));
        let commands = commands.into_iter().chain(sections).chain(move_it).chain(models);
        let conversations = workspace.conversations.list.get().into_iter().map(|conversation| {
            Entry::new(&conversation.title, t().conversation(), Deed::Go(path_of(&conversation.id)))
        });
        fitting(&mut commands.chain(conversations), &query).take(MOST).collect()
    });
    let (is_open, active) = (RwSignal::new(false), RwSignal::new(0));
    Palette { is_open, query, entries, active, moving, again, has_models, workspace }
}

/// Where a conversation can be moved: folders, the new one whose name was typed, out of its folder.
fn moves(state: &ConversationsState, id: &str, query: &str) -> Vec<Entry> {
    let now = state.folder_of(id).map(|folder| folder.id.as_str());
    let out = now.map(|_| Entry::new(t().out_of_its_folder(), "", Deed::Move(String::new())));
    let others = state.folders.iter().filter(|folder| Some(folder.id.as_str()) != now);
    let others = others.map(|it| Entry::new(&it.name, t().folder(), Deed::Move(it.id.clone())));
    let mut entries: Vec<Entry> = fitting(&mut out.into_iter().chain(others), query).collect();
    let name = query.trim();
    if !name.is_empty() && !state.folders.iter().any(|folder| folder.is_called(name)) {
        let label = t().new_folder_called(name);
        entries.push(Entry::new(&label, "", Deed::MoveToNew(name.to_owned())));
    }
    entries
}

impl Palette {
    /// Opens it, empty.
    pub fn open(&self) {
        self.open_with("", None, None);
    }

    /// Opens it with the models that can be chosen.
    pub fn open_models(&self) {
        self.open_with(t().answer_with(), None, None);
    }

    /// Opens it with the models that can make an answer again.
    pub fn open_again(&self, again: Callback<String>) {
        self.open_with("", None, Some(again));
    }

    /// Opens it with the folders that a conversation can be moved to.
    pub fn open_moves(&self, id: String) {
        self.open_with("", Some(id), None);
    }

    fn open_with(&self, query: &str, moving: Option<String>, again: Option<Callback<String>>) {
        self.moving.set(moving);
        self.again.set(again);
        self.search(query);
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
        let conversations = self.workspace.conversations;
        let moved = self.moving.get_untracked().unwrap_or_default();
        self.is_open.set(false);
        match deed {
            Deed::Go(path) => self.workspace.go(path),
            Deed::New => {
                self.workspace.go("/");
                self.workspace.begin_new();
            }
            Deed::Theme(theme) => Theme::choose(*theme),
            Deed::Language => t().switch(),
            Deed::Model(route) => {
                let id = self.workspace.chat_id.get_untracked();
                conversations.choose_model(&id, route);
            }
            Deed::Again(route) => {
                if let Some(again) = self.again.get_untracked() {
                    again.run(route.clone());
                }
            }
            Deed::Moves => self.open_moves(self.workspace.chat_id.get_untracked()),
            Deed::Move(folder) => conversations.move_to(&moved, folder),
            Deed::MoveToNew(name) => conversations.move_to_new(&moved, name),
        }
    }
}

/// Those that have every word of the query in them.
fn fitting(entries: &mut dyn Iterator<Item = Entry>, query: &str) -> impl Iterator<Item = Entry> {
    let query = query.to_lowercase();
    entries.filter(move |entry| {
        let label = entry.label.to_lowercase();
        query.split_whitespace().all(|word| label.contains(word))
    })
}

#[cfg(test)]
mod tests {
    use super::{Deed, Entry, fitting, moves};
    use crate::types::{ConversationsState, folders::Folder};

    #[test]
    fn a_conversation_moves_to_another_folder_to_a_new_one_or_out() {
        let folder = |id: &str, name: &str| {
            let (id, name) = (id.to_owned(), name.to_owned());
            Folder { id, name, ..Folder::default() }
        };
        let state = ConversationsState {
            folders: vec![folder("1", "Art"), folder("2", "Law")],
            places: vec![("a".to_owned(), "1".to_owned())],
            ..ConversationsState::default()
        };
        let deeds = |id: &str, query: &str| -> Vec<Deed> {
            moves(&state, id, query).into_iter().map(|entry| entry.deed).collect()
        };
        let to = |id: &str| Deed::Move(id.to_owned());
        assert_eq!(deeds("a", ""), [to(""), to("2")]);
        assert_eq!(deeds("b", ""), [to("1"), to("2")]);
        assert_eq!(deeds("b", "la"), [to("2"), Deed::MoveToNew("la".to_owned())]);
        assert_eq!(deeds("b", "LAW"), [to("2")]);
    }

    #[test]
    fn entries_fit_by_all_their_words() {
        let all = ["New conversation", "A new house", "Old HOUSE"];
        let found = |query: &str| -> Vec<String> {
            let entries = all.iter().map(|label| Entry::new(label, "", Deed::New));
            fitting(&mut entries.into_iter(), query).map(|entry| entry.label).collect()
        };
        assert_eq!(found(""), all);
        assert_eq!(found("house"), ["A new house", "Old HOUSE"]);
        assert_eq!(found(" HOU new "), ["A new house"]);
        assert!(found("none").is_empty());
    }
}
