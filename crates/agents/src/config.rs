//! Settings of the runtime.

use std::{path::PathBuf, time::Duration};

/// Settings of the runtime; start from [`AgentsConfig::new`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AgentsConfig {
    /// Folder for everything that is kept; each instance has one SQLite file below it.
    pub data_dir: PathBuf,
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// How long an instance with nothing in flight stays in memory. Default: 10 s. Where thousands
    /// are awake, those without a connection go at once.
    pub idle_after: Duration,
    /// Largest frame accepted from a client, in bytes. Default: 8 MiB. A larger one is answered
    /// with an error; one of more than twice the size ends the connection with code 1009.
    pub max_message_bytes: usize,
    /// Largest state as JSON, in bytes. Default: 4 MiB.
    pub max_state_bytes: usize,
    /// Most connections to one instance. Default: 10,000.
    pub max_connections: usize,
    /// Largest database of an instance, in bytes. Default: 1 GB.
    pub max_database_bytes: u64,
    /// Databases open at a time; the one that was not used for longest makes room. Each takes
    /// three file descriptors. Default: 1,000.
    pub max_open_databases: usize,
    /// Most schedules of one instance, and most tasks in its queue. Default: 100,000.
    pub max_schedules: usize,
    /// A handler that takes longer is reported in the log. Default: 60 s.
    pub slow_handler_after: Duration,
    /// Bytes waiting for one slow client before its connection is closed. Default: 16 MiB.
    pub max_queued_bytes: usize,
    /// Browser origins that may connect besides the server's own, such as
    /// `https://app.example.com`. Requests without an `Origin` are not from a browser and pass.
    pub allowed_origins: Vec<String>,
}

impl AgentsConfig {
    /// The defaults, with everything under `data_dir`.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            durability: Durability::default(),
            idle_after: Duration::from_secs(10),
            max_message_bytes: 8 << 20,
            max_state_bytes: 4 << 20,
            max_connections: 10_000,
            max_database_bytes: 1_000_000_000,
            max_open_databases: 1_000,
            max_schedules: 100_000,
            slow_handler_after: Duration::from_secs(60),
            max_queued_bytes: 16 << 20,
            allowed_origins: Vec::new(),
        }
    }
}

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, `kill -9` too: the write is with the operating system.
    #[default]
    Process,
    /// The loss of power as well: the write is synced to the disk before anything leaves.
    Power,
}
