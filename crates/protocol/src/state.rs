//! State synchronisation: the whole state, in both directions.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `cf_agent_state`: a full replacement of the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateFrame {
    /// The state as JSON.
    pub state: Value,
}

/// `cf_agent_state_error`: the client's update was refused; its sender's view is stale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateErrorFrame {
    /// Why, in the words the npm client knows: see the constants.
    pub error: String,
}

impl StateErrorFrame {
    /// The connection may read the state but not set it.
    pub const READONLY: &str = "Connection is readonly";
    /// The agent's validation refused the update, or it has the wrong shape.
    pub const REJECTED: &str = "State update rejected";
}
