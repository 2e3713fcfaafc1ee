//! Facts that a model is told in every turn.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::super::AiChatAgent;
use crate::{AgentError, Context, storage::Tables};

/// A fact that a model is told in every turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedFact {
    /// What it is about, for example `home`. There is one fact for each.
    pub key: String,
    /// The fact, in words for the model.
    pub text: String,
}

impl<A: AiChatAgent> Context<A> {
    /// Pins a fact: where the answer comes through [`Context::conversation_window`], the model is
    /// told it in every turn, however long ago it was said. One with the same key is replaced.
    /// Facts stay when the history is cleared.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn pin_fact(
        &self,
        key: impl Into<String>,
        text: impl Into<String>,
    ) -> Result<(), AgentError> {
        let (key, text) = (key.into(), text.into());
        self.database().write(Tables::Chat, |db| {
            db.prepare_cached("INSERT OR REPLACE INTO domovoi_facts (key, fact) VALUES (?1, ?2)")?
                .execute(params![key, text])?;
            Ok(())
        })
    }

    /// The pinned facts, in order of their keys.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn pinned_facts(&self) -> Result<Vec<PinnedFact>, AgentError> {
        Ok(self.database().read(Tables::Chat, |db| all(db))?.unwrap_or_default())
    }

    /// Removes a pinned fact; whether there was one.
    ///
    /// # Errors
    /// [`AgentError::Database`].
    pub fn unpin_fact(&self, key: &str) -> Result<bool, AgentError> {
        let removed = self.database().read(Tables::Chat, |db| {
            let mut remove = db.prepare_cached("DELETE FROM domovoi_facts WHERE key = ?1")?;
            Ok::<_, AgentError>(remove.execute([key])? > 0)
        })?;
        Ok(removed.unwrap_or_default())
    }
}

/// All facts, in order of their keys: that of a prompt should not change without need.
pub(super) fn all(db: &Connection) -> Result<Vec<PinnedFact>, AgentError> {
    let mut statement = db.prepare_cached("SELECT key, fact FROM domovoi_facts ORDER BY key")?;
    let fact = |row: &rusqlite::Row<'_>| Ok(PinnedFact { key: row.get(0)?, text: row.get(1)? });
    Ok(statement.query_map([], fact)?.collect::<Result<_, _>>()?)
}
