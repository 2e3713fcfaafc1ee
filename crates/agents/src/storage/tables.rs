//! The runtime's own tables, in sets by what they are for. A file has those that were ever needed:
//! each set more is pages that every opening reads and every instance pays for.
//!
//! All names begin with `domovoi_`. Which sets a file has is in its `user_version`, a number that
//! is read without looking at any table.

use rusqlite::{Connection, TransactionBehavior};

use crate::AgentError;

/// A set of tables with migrations of its own: `migrations/agent/SET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tables {
    State,
    Schedules,
    Chat,
}

impl Tables {
    const ALL: [Self; 3] = [Self::State, Self::Schedules, Self::Chat];

    /// What brings the set from one version to the next, from nothing on.
    const fn migrations(self) -> &'static [&'static str] {
        match self {
            Self::State => &[
                include_str!("../../../../migrations/agent/state/0001_state.sql"),
                include_str!("../../../../migrations/agent/state/0002_when_it_was_set.sql"),
            ],
            Self::Schedules => &[include_str!(
                "../../../../migrations/agent/schedules/0001_schedules_and_queue.sql"
            )],
            Self::Chat => &[
                include_str!("../../../../migrations/agent/chat/0001_messages_and_turns.sql"),
                include_str!("../../../../migrations/agent/chat/0002_versions_and_batches.sql"),
                include_str!("../../../../migrations/agent/chat/0003_summaries_and_facts.sql"),
                include_str!("../../../../migrations/agent/chat/0004_approvals.sql"),
                include_str!("../../../../migrations/agent/chat/0005_chunks_by_number.sql"),
                include_str!(
                    "../../../../migrations/agent/chat/0006_instructions_in_the_history.sql"
                ),
                include_str!("../../../../migrations/agent/chat/0007_why_a_turn_failed.sql"),
            ],
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Schedules => "schedules",
            Self::Chat => "chat",
        }
    }

    const fn latest(self) -> u8 {
        self.migrations().len() as u8
    }
}

/// In the highest byte of `user_version`: the others are the versions of the sets.
const MARK: u8 = b'D';

/// The version of each set in a file, 0 where it does not have the set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Versions([u8; 3]);

impl Versions {
    /// Reads which sets a file has.
    pub(super) fn read(connection: &Connection) -> Result<Self, AgentError> {
        let number: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let versions = match number.to_be_bytes() {
            [MARK, versions @ ..] => Self(versions),
            [0, 0, 0, 0] => Self::default(),
            // There were two sets at first, one of state and chat together.
            [0, 0, 0, 1] => Self([1, 0, 1]),
            [0, 0, 0, 2] => Self([1, 1, 1]),
            _ => return Err(AgentError::NewerTables(format!("user_version {number}"))),
        };
        for set in Tables::ALL {
            if versions.of(set) > set.latest() {
                let newer = format!("{} tables of version {}", set.name(), versions.of(set));
                return Err(AgentError::NewerTables(newer));
            }
        }
        Ok(versions)
    }

    const fn of(self, set: Tables) -> u8 {
        self.0[set as usize]
    }

    /// Whether the file has the set, in whatever version.
    pub(super) const fn has(self, set: Tables) -> bool {
        self.of(set) > 0
    }

    /// Whether the file has the set in its latest version.
    pub(super) const fn is_latest(self, set: Tables) -> bool {
        self.of(set) == set.latest()
    }

    /// Creates the set, or brings it to its latest version.
    pub(super) fn bring(
        &mut self,
        connection: &mut Connection,
        set: Tables,
    ) -> Result<(), AgentError> {
        if self.is_latest(set) {
            return Ok(());
        }
        let mut versions = *self;
        versions.0[set as usize] = set.latest();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for migration in &set.migrations()[usize::from(self.of(set))..] {
            transaction.execute_batch(migration)?;
        }
        let [state, schedules, chat] = versions.0;
        let number = i32::from_be_bytes([MARK, state, schedules, chat]);
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
        *self = versions;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'domovoi%'")
            .unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_file_has_what_was_needed_and_remembers_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let mut versions = Versions::read(&connection).unwrap();
        assert_eq!(versions, Versions::default());
        versions.bring(&mut connection, Tables::State).unwrap();
        assert_eq!(tables(&connection), ["domovoi_state"]);
        let mut again = Versions::read(&connection).unwrap();
        assert!(again.has(Tables::State) && !again.has(Tables::Schedules));
        for set in Tables::ALL {
            again.bring(&mut connection, set).unwrap();
        }
        assert!(Tables::ALL.into_iter().all(|set| Versions::read(&connection).unwrap().has(set)));
    }

    #[test]
    fn a_set_that_cannot_be_created_leaves_the_file_as_it_was() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE domovoi_queue (mine)").unwrap();
        let mut versions = Versions::default();
        assert!(versions.bring(&mut connection, Tables::Schedules).is_err());
        assert_eq!(tables(&connection), ["domovoi_queue"]);
        assert_eq!(Versions::read(&connection).unwrap(), Versions::default());
        assert!(!versions.has(Tables::Schedules));
    }

    #[test]
    fn what_a_newer_version_wrote_is_refused_in_words() {
        let connection = Connection::open_in_memory().unwrap();
        for (number, words) in [
            (3, "user_version 3"),
            (i32::from_be_bytes([MARK, 1, 0, 200]), "chat tables of version 200"),
        ] {
            connection.pragma_update(None, "user_version", number).unwrap();
            let error = Versions::read(&connection).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
