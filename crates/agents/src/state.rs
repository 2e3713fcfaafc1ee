//! The state of an instance on disk and on the wire.

use std::sync::Arc;

use rusqlite::OptionalExtension;

use crate::{
    Agent, AgentError,
    storage::{Database, Tables},
};

/// The stored state, migrated where it no longer fits; the initial one where there is none.
pub(crate) fn load<A: Agent>(this: &A, database: &Arc<Database>) -> Result<A::State, AgentError> {
    let stored: Option<Option<String>> = database.read(Tables::State, |db| {
        let mut statement = db.prepare_cached("SELECT value FROM domovoi_state WHERE id = 1")?;
        Ok::<_, AgentError>(statement.query_row([], |row| row.get(0)).optional()?)
    })?;
    let Some(json) = stored.flatten() else { return Ok(this.initial_state()) };
    serde_json::from_str(&json).or_else(|error| {
        let old = serde_json::from_str(&json)?;
        let state = this.migrate_state(old).map_err(|refused| {
            let refused = refused.to_string();
            AgentError::StateShape { error, refused }
        })?;
        database.write_state(&serde_json::to_string(&state)?)?;
        Ok(state)
    })
}

/// The frame `cf_agent_state` around a state that is JSON already.
pub(crate) fn frame(json: &str) -> String {
    let mut frame = String::with_capacity(json.len() + 36);
    frame.push_str(r#"{"type":"cf_agent_state","state":"#);
    frame.push_str(json);
    frame.push('}');
    frame
}
