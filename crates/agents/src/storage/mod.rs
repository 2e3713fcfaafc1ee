//! What is on disk, and when it is durable.
//!
//! | module | what is in it |
//! |---|---|
//! | `database` | the SQLite file of one instance, opened at the first use that needs it |
//! | `new_file` | what a file begins with |
//! | `tables` | the runtime's own tables in it, in sets by what they are for |
//! | `open_files` | at most so many files are open |
//! | `closer` | the thread that tidies up files that are closed |
//! | `index` | instances and alarms of all agents, in one file |
//! | `long_name` | names that are too long for the name of a file |
//! | `state_log` | states that were set a moment ago, of all instances |
//! | `write_back` | the thread that puts them into the files of their instances |
//! | `rebuild` | the index made anew from the files of the instances |
//! | `gate` | holds back what may not leave an instance before its writes are durable |
//! | `syncer` | the thread that makes writes durable at level `power` |

mod closer;
mod database;
mod gate;
mod index;
mod long_name;
mod new_file;
mod open_files;
mod rebuild;
mod state_log;
mod syncer;
mod tables;
mod write_back;

use std::{io, path::PathBuf, sync::Arc};

use self::{closer::Closer, open_files::OpenFiles, state_log::StateLog, syncer::Syncer};
#[cfg(feature = "backup")]
pub(crate) use self::{
    database::BUSY_TIMEOUT, index::FILE as INDEX_FILE, state_log::segment_number,
};
pub(crate) use self::{
    database::{Database, open_database},
    gate::Gate,
    index::{Alarm, Index},
    tables::Tables,
};
use crate::{AgentError, AgentsConfig, Durability, InstanceId};

/// What came of removing or moving a file, where one that is not there is no failure.
pub(crate) fn if_there(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Everything below the data folder.
#[derive(Debug)]
pub(crate) struct Storage {
    data_dir: PathBuf,
    max_database_bytes: u64,
    index: Arc<Index>,
    open: OpenFiles,
    closer: Closer,
    states: Arc<StateLog>,
    /// Where writes have to be synced.
    syncer: Option<Syncer>,
}

impl Storage {
    pub(crate) fn open(config: &AgentsConfig) -> Result<Self, AgentError> {
        let index = Index::open(&config.data_dir).map_err(|error| AgentError::Index {
            path: config.data_dir.join(index::FILE),
            source: Box::new(error),
        })?;
        let index = Arc::new(index);
        let syncer = match config.durability {
            Durability::Process => None,
            Durability::Power => Some(Syncer::start(&config.data_dir, Arc::clone(&index))?),
        };
        Ok(Self {
            data_dir: config.data_dir.clone(),
            max_database_bytes: config.max_database_bytes,
            index,
            open: OpenFiles::new(config.max_open_databases),
            closer: Closer::start(&config.data_dir)?,
            states: write_back::start(&config.data_dir)?,
            syncer,
        })
    }

    pub(crate) fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// The gate of an instance; nothing where writes are durable at once.
    pub(crate) fn gate(&self) -> Option<Arc<Gate>> {
        self.syncer.as_ref().map(|syncer| Arc::new(Gate::new(syncer.clone())))
    }

    /// The database of an instance.
    pub(crate) fn database(
        self: &Arc<Self>,
        id: &Arc<InstanceId>,
        gate: Option<Arc<Gate>>,
    ) -> Arc<Database> {
        Arc::new(Database::new(Arc::clone(self), Arc::clone(id), gate))
    }

    /// Puts the state of an instance into its file, for who reads that by itself.
    pub(crate) fn write_state_back(&self, id: &InstanceId) -> Result<(), AgentError> {
        write_back::one(&self.states, id)
    }

    /// Completes when every file that was closed so far is in order, and states are in their files.
    pub(crate) async fn settled(&self) {
        write_back::settled(&self.states.jobs).await;
        self.closer.settled().await;
    }
}
