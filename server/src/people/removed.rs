//! Who was removed and still has a folder: it stays for a while, in case that was a mistake.

use rusqlite::{Connection, params};

use super::{By, Event, People, PeopleError, Person, PersonId, audit::note, store::now};

/// Somebody who was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Removed {
    pub(crate) id: PersonId,
    pub(crate) name: String,
    pub(crate) removed_at: i64,
}

/// Notes that somebody is removed, in the transaction that does it.
pub(super) fn remember(db: &Connection, person: &Person) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR REPLACE INTO removed (id, name, removed_at) VALUES (?1, ?2, ?3)",
        params![person.id.as_str(), person.name, now()],
    )?;
    Ok(())
}

impl People {
    /// Those who were removed and whose folder is not, who went first first.
    pub(crate) fn removed(&self) -> Result<Vec<Removed>, PeopleError> {
        self.read(|db| {
            let sql = "SELECT id, name, removed_at FROM removed ORDER BY removed_at, id";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(Removed {
                    id: PersonId::from_database(row.get(0)?),
                    name: row.get(1)?,
                    removed_at: row.get(2)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Notes that nothing is left of somebody.
    pub(crate) fn purged(&self, by: &By, removed: &Removed) -> Result<(), PeopleError> {
        self.write(|db| {
            if db.execute("DELETE FROM removed WHERE id = ?1", [removed.id.as_str()])? > 0 {
                note(db, by, Event::Purged, &removed.name, "")?;
            }
            Ok(())
        })
    }
}
