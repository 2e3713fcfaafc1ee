//! The thread that makes writes durable at level `power`: many commits, of many instances, per wait
//! for the disk.

use std::{
    fs::{self, File},
    io,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use super::{Gate, Index, new_file};
use crate::AgentError;

#[derive(Debug, Clone)]
pub(crate) struct Syncer {
    gates: Sender<Arc<Gate>>,
}

impl Syncer {
    pub(super) fn start(data_dir: &Path, index: Arc<Index>) -> Result<Self, AgentError> {
        let (gates, queue) = channel();
        thread::Builder::new()
            .name("agents-syncer".to_owned())
            .spawn(move || work(&queue, &index))
            .map_err(|source| AgentError::DataDir { path: data_dir.to_owned(), source })?;
        Ok(Self { gates })
    }

    /// One that nobody works for: what it is asked for can be read.
    #[cfg(test)]
    pub(super) fn unattended() -> (Self, Receiver<Arc<Gate>>) {
        let (gates, asked) = channel();
        (Self { gates }, asked)
    }

    pub(super) fn sync(&self, gate: Arc<Gate>) {
        // The thread ends with the last sender, of which this is one.
        let _ = self.gates.send(gate);
    }
}

fn work(queue: &Receiver<Arc<Gate>>, index: &Index) {
    while let Ok(first) = queue.recv() {
        let batch: Vec<_> = std::iter::once(first).chain(queue.try_iter()).collect();
        // Commits are counted before anything is synced, and the index comes first, so that no
        // schedule is on the disk whose alarm is not.
        let begun: Vec<_> = batch.iter().map(|gate| (gate, gate.begin())).collect();
        let index_synced = if index.take_changed() { sync(index.file()) } else { Ok(()) };
        for (gate, (file, written)) in begun {
            let synced = match &index_synced {
                Ok(()) => file.as_deref().map_or(Ok(()), sync),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            };
            match synced {
                Ok(()) => gate.synced(written),
                Err(error) => {
                    tracing::error!(?file, %error, "writes cannot be made durable");
                    gate.failed();
                }
            }
        }
    }
}

/// Syncs the log of a database, and the folder that names its files.
fn sync(database: &Path) -> io::Result<()> {
    match File::open(new_file::log(database)) {
        Ok(log) => log.sync_data()?,
        // Somebody else was the last to close the database, which has written the log back.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // A new file is durable once its folders know it. It has a first page that is not in the log.
    match fs::metadata(database).and_then(|file| file.created()) {
        Ok(created) if created.elapsed().is_ok_and(|age| age > NEW) => return Ok(()),
        _ => File::open(database)?.sync_data()?,
    }
    database.ancestors().skip(1).take(FOLDERS).try_for_each(sync_folder)
}

/// Age of a file whose folder is known to be synced. The clocks of the file system and of the
/// process may differ a little.
const NEW: std::time::Duration = std::time::Duration::from_secs(10);

/// Folders above a database that may be new as well.
const FOLDERS: usize = 4;

fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
