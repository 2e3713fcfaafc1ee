//! The list of conversations in groups: those at the top, those of a day, those put away.

use crate::language::t;
use crate::types::Conversation;

const DAY: i64 = 86_400_000;

/// When it is, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970.
    pub now: u64,
    /// Milliseconds that the day begins before it does at Greenwich.
    pub offset: i64,
}

impl Moment {
    fn day(self, time: u64) -> i64 {
        (i64::try_from(time).unwrap_or(i64::MAX / 2) + self.offset).div_euclid(DAY)
    }

    fn group(self, time: u64) -> &'static str {
        match self.day(self.now) - self.day(time) {
            ..=0 => t().today(),
            1 => t().yesterday(),
            2..=7 => t().previous_7_days(),
            _ => t().older(),
        }
    }
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
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
            Self::Group(name) => (*name).to_owned(),
            Self::Item(id) => id.clone(),
            Self::Archived(count) => format!("archived {count}"),
        }
    }
}

/// The rows of a list whose newest is first.
#[must_use]
pub fn rows(list: &[Conversation], moment: Moment, shows_archived: bool) -> Vec<Row> {
    let mut rows = Vec::with_capacity(list.len() + 6);
    let mut group = "";
    let mut add = |name: &'static str, conversation: &Conversation| {
        if group != name {
            group = name;
            rows.push(Row::Group(name));
        }
        rows.push(Row::Item(conversation.id.clone()));
    };
    let there = || list.iter().filter(|it| !it.archived);
    there().filter(|it| it.pinned).for_each(|it| add(t().pinned(), it));
    there().filter(|it| !it.pinned).for_each(|it| add(moment.group(it.updated_at), it));
    let archived: Vec<_> = list.iter().filter(|it| it.archived).collect();
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

    #[test]
    fn groups_by_the_days_of_where_one_is() {
        let at = |id: &str, hours: u64| Conversation {
            id: id.to_owned(),
            updated_at: hours * 3_600_000,
            ..Conversation::default()
        };
        let mut list = vec![at("a", 1000), at("b", 990), at("c", 900), at("d", 10), at("e", 9)];
        list[3].pinned = true;
        list[4].archived = true;
        // 1,000 hours after the begin is 16:00; six hours east of Greenwich it is 22:00.
        let now = 1000 * 3_600_000;
        let names = |offset: i64| -> Vec<String> {
            rows(&list, Moment { now, offset }, false).iter().map(Row::key).collect()
        };
        let expected = ["Pinned", "d", "Today", "a", "b", "Previous 7 days", "c", "archived 1"];
        assert_eq!(names(0), expected);
        assert_eq!(names(-8 * 3_600_000)[2..6], ["Today", "a", "Yesterday", "b"]);
        assert_eq!(
            rows(&list, Moment { now, offset: 0 }, true).last(),
            Some(&Row::Item("e".to_owned()))
        );
    }
}
