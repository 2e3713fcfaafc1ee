//! What people may use of models, where they have limits of their own.

use std::collections::BTreeMap;

use domovoi_models::gateway::Limit;
use rusqlite::params;

use super::{By, Event, People, PeopleError, PersonId, accounts, audit::note};

impl People {
    /// Gives somebody limits of their own, or those of everybody.
    ///
    /// # Errors
    /// [`PeopleError::Quota`] where money is no amount, [`PeopleError::Gone`].
    pub(crate) fn set_quota(
        &self,
        by: &By,
        id: &PersonId,
        limit: Option<&Limit>,
    ) -> Result<(), PeopleError> {
        let is_amount = |money: f64| money.is_finite() && money >= 0.0;
        let money = limit.map_or([None, None], |it| [it.money_per_day, it.money_per_month]);
        if !money.into_iter().flatten().all(is_amount) {
            return Err(PeopleError::Quota);
        }
        let json = limit.and_then(|limit| serde_json::to_string(limit).ok());
        self.write(|db| {
            let person = accounts::by_id(db, id)?.ok_or(PeopleError::Gone)?;
            match json {
                Some(json) => db.execute(
                    "INSERT OR REPLACE INTO quotas (person, limits) VALUES (?1, ?2)",
                    params![id.as_str(), json],
                )?,
                None => db.execute("DELETE FROM quotas WHERE person = ?1", [id.as_str()])?,
            };
            note(db, by, Event::QuotaChanged, &person.name, "")
        })?;
        self.changed();
        Ok(())
    }

    /// The limits of those who have their own, by name.
    pub(crate) fn quotas(&self) -> Result<BTreeMap<String, Limit>, PeopleError> {
        let all: Vec<(String, String)> = self.read(|db| {
            let sql = "SELECT name, limits FROM quotas JOIN people ON people.id = quotas.person";
            let mut statement = db.prepare_cached(sql)?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })?;
        // What only a later version can read limits nobody here, and the log says so.
        let read = |(name, json): (String, String)| match serde_json::from_str(&json) {
            Ok(limit) => Some((name, limit)),
            Err(error) => {
                tracing::warn!(person = name, %error, "somebody's limits cannot be read");
                None
            }
        };
        Ok(all.into_iter().filter_map(read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Name, Password, Role};

    #[test]
    fn somebody_has_limits_of_their_own_until_they_have_not() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(folder.path()).unwrap();
        let by = By::command_line();
        let password = Password::new("a long password", "anna").unwrap();
        let anna = people.add(&by, &Name::new("anna").unwrap(), Role::Owner, &password).unwrap();
        let limit = Limit { money_per_month: Some(2.5), ..Limit::default() };
        people.set_quota(&by, &anna.id, Some(&limit)).unwrap();
        assert_eq!(people.quotas().unwrap(), [("anna".to_owned(), limit)].into());
        let wrong = Limit { money_per_day: Some(-1.0), ..Limit::default() };
        assert!(matches!(people.set_quota(&by, &anna.id, Some(&wrong)), Err(PeopleError::Quota)));
        people.set_quota(&by, &anna.id, None).unwrap();
        assert!(people.quotas().unwrap().is_empty());
    }
}
