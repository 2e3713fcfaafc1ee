//! The list of conversations in groups: those in folders, those at the top, those of a day, those put
//! away.

use crate::language::t;
use crate::types::{Conversation, ConversationsState};

const DAY: i64 = 86_400_000;

/// Which day it is, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Today {
    day: i64,
    offset: i64,
}

impl Today {
    /// The day of a time in milliseconds since 1970, where a day begins `offset` milliseconds before it does
    /// at Greenwich.
    #[must_use]
    pub fn at(now: u64, offset: i64) -> Self {
        Self { day: day(now, offset), offset }
    }

    fn group(self, time: u64) -> &'static str {
        match self.day - day(time, self.offset) {
            ..=0 => t().today(),
            1 => t().yesterday(),
            2..=7 => t().previous_7_days(),
            _ => t().older(),
        }
    }
}

fn day(time: u64, offset: i64) -> i64 {
    (i64::try_from(time).unwrap_or(i64::MAX / 2) + offset).div_euclid(DAY)
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// Folders are below, where there are some.
    Folders,
    /// A folder, by its id.
    Folder(String),
    /// A conversation in the folder above, by its id.
    Inside(String),
    /// The name of the group below.
    Group(&'static str),
    /// A conversation, by its id.
    Item(String),
    /// Those that were put away are below, or not shown; how many there are.
    Archived(usize),
}

impl Row {
    /// What it is told by from the others.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Folders => "folders".to_owned(),
            Self::Inside(id) => format!("inside {id}"),
            Self::Group(name) => (*name).to_owned(),
            Self::Folder(id) | Self::Item(id) => id.clone(),
            Self::Archived(count) => format!("archived {count}"),
        }
    }
}

/// The rows of a list whose newest is first; what is deleted has none.
#[must_use]
pub fn rows(state: &ConversationsState, today: Today, shows_archived: bool) -> Vec<Row> {
    let all = || state.conversations.iter().filter(|it| it.deleted_at.is_none());
    // Each with its folder.
    let there: Vec<(&Conversation, &str)> = all()
        .filter(|it| !it.archived)
        .map(|it| (it, state.folder_of(&it.id).map_or("", |folder| folder.id.as_str())))
        .collect();
    let mut rows = Vec::with_capacity(there.len() + 8);
    if all().next().is_some() || !state.folders.is_empty() {
        rows.push(Row::Folders);
    }
    for folder in &state.folders {
        rows.push(Row::Folder(folder.id.clone()));
        for pinned in [true, false] {
            let inside = there.iter().filter(|(it, of)| *of == folder.id && it.pinned == pinned);
            let shown = inside.filter(|_| !folder.closed);
            rows.extend(shown.map(|(it, _)| Row::Inside(it.id.clone())));
        }
    }
    let mut group = "";
    let mut add = |name: &'static str, conversation: &Conversation| {
        if group != name {
            group = name;
            rows.push(Row::Group(name));
        }
        rows.push(Row::Item(conversation.id.clone()));
    };
    let free = || there.iter().filter(|(_, of)| of.is_empty()).map(|(it, _)| *it);
    free().filter(|it| it.pinned).for_each(|it| add(t().pinned(), it));
    free().filter(|it| !it.pinned).for_each(|it| add(today.group(it.updated_at), it));
    let archived: Vec<_> = all().filter(|it| it.archived).collect();
    if !archived.is_empty() {
        rows.push(Row::Archived(archived.len()));
        if shows_archived {
            rows.extend(archived.iter().map(|it| Row::Item(it.id.clone())));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::folders::Folder;

    fn at(id: &str, hours: u64) -> Conversation {
        Conversation { id: id.to_owned(), updated_at: hours * 3_600_000, ..Conversation::default() }
    }

    fn names(state: &ConversationsState, today: Today, shows_archived: bool) -> Vec<String> {
        rows(state, today, shows_archived).iter().map(Row::key).collect()
    }

    #[test]
    fn groups_by_the_days_of_where_one_is() {
        let mut list = vec![at("a", 1000), at("b", 990), at("c", 900), at("d", 10), at("e", 9)];
        list.push(at("f", 8));
        list[3].pinned = true;
        list[4].archived = true;
        list[5].deleted_at = Some(1);
        let state = ConversationsState { conversations: list, ..ConversationsState::default() };
        // 1,000 hours after the begin is 16:00; six hours east of Greenwich it is 22:00.
        let now = 1000 * 3_600_000;
        let names = |offset: i64, archived| names(&state, Today::at(now, offset), archived);
        assert_eq!(
            names(0, false)[1..],
            ["Pinned", "d", "Today", "a", "b", "Previous 7 days", "c", "archived 1"]
        );
        assert_eq!(names(-8 * 3_600_000, false)[3..7], ["Today", "a", "Yesterday", "b"]);
        assert_eq!(names(0, true).last().unwrap(), "e");
    }

    #[test]
    fn folders_are_above_the_days_with_what_is_in_them() {
        let mut list = vec![at("a", 3), at("b", 2), at("c", 1), at("d", 0)];
        list[2].pinned = true;
        list[3].archived = true;
        let folder = |id: &str| Folder { id: id.to_owned(), ..Folder::default() };
        let place = |id: &str| (id.to_owned(), "y".to_owned());
        let mut state = ConversationsState {
            conversations: list,
            folders: vec![folder("x"), folder("y")],
            places: vec![place("a"), place("c"), place("d"), place("not begun")],
            ..ConversationsState::default()
        };
        let today = Today::at(0, 0);
        assert_eq!(
            names(&state, today, false),
            ["folders", "x", "y", "inside c", "inside a", "Today", "b", "archived 1"]
        );
        state.folders[1].closed = true;
        assert_eq!(names(&state, today, false)[1..5], ["x", "y", "Today", "b"]);
        assert!(names(&ConversationsState::default(), today, false).is_empty());
    }
}
