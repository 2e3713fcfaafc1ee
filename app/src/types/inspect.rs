//! What the page of agents shows; answers of `/api/inspect`.

use serde::{Deserialize, Serialize};

/// Instances on a page of the list.
pub const INSTANCES_PAGE: usize = 50;

/// An agent type and a page of its instances.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentTypeView {
    /// Its name in addresses.
    pub agent: String,
    /// Instances that have stored something, in order.
    pub names: Vec<String>,
    /// Whether there are more.
    pub more: bool,
}

/// What can be said of an instance without waking it, a line each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceView {
    /// Its tables with their columns, those of the runtime as well.
    pub tables: Vec<String>,
    /// Its open connections: id, and whom people know the client as.
    pub connections: Vec<String>,
    /// What it has scheduled: task, next time, kind.
    pub schedules: Vec<String>,
    /// What happened in it, newest first.
    pub log: Vec<String>,
}

/// Question to `POST /api/inspect/{agent}/{name}/sql`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryRequest {
    /// One statement; it reads.
    pub sql: String,
    /// Whether it may change rows: the owner has said so.
    #[serde(default)]
    pub unlocked: bool,
}

/// Answer to a [`QueryRequest`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryView {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows; nothing for `NULL`.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether there are more rows than are shown.
    pub more: bool,
    /// How many rows were changed; nothing where none could be.
    pub changed: Option<u64>,
}
