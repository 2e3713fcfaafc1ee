//! Who runs the instances of a data folder: this process, and no other.

use std::{
    fmt,
    fs::{self, File, TryLockError},
    path::Path,
};

use parking_lot::Mutex;

use crate::{AgentError, InstanceId};

/// Decides who runs an instance. There is one owner at a time; a later one has a higher epoch, so
/// that what an earlier one still writes can be told apart and refused.
///
/// [`FolderLock`] is the local default: one process owns all instances of a folder. It is the seam
/// for running on several machines.
pub trait Ownership: fmt::Debug + Send + Sync + 'static {
    /// Called once, before anything in `data_dir` is read.
    ///
    /// # Errors
    /// [`AgentError::DataDirInUse`] where somebody else owns the folder, [`AgentError::DataDir`].
    fn claim(&self, data_dir: &Path) -> Result<(), AgentError>;

    /// Called each time an instance wakes; answers the epoch under which this process runs it.
    ///
    /// # Errors
    /// [`AgentError::NotOwner`] where another process runs it.
    fn acquire(&self, id: &InstanceId) -> Result<u64, AgentError>;

    /// Called when the runtime has shut down and nothing is written any more.
    fn release(&self);
}

/// The file of a data folder that is locked while a process owns it.
pub(crate) const LOCK_FILE: &str = "domovoi.lock";

/// Ownership of a whole folder, by a lock on a file in it. The system releases it with the process.
#[derive(Debug, Default)]
pub struct FolderLock {
    file: Mutex<Option<File>>,
}

impl FolderLock {
    /// Whether a process owns the folder at this moment.
    #[must_use]
    pub fn is_held(data_dir: &Path) -> bool {
        let lock = File::open(data_dir.join(LOCK_FILE));
        lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

impl Ownership for FolderLock {
    fn claim(&self, data_dir: &Path) -> Result<(), AgentError> {
        let failed = |source| AgentError::DataDir { path: data_dir.to_owned(), source };
        let mut held = self.file.lock();
        if held.is_some() {
            return Ok(());
        }
        fs::create_dir_all(data_dir).map_err(failed)?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(data_dir.join(LOCK_FILE))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                *held = Some(file);
                Ok(())
            }
            Err(TryLockError::WouldBlock) => Err(AgentError::DataDirInUse(data_dir.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    fn acquire(&self, id: &InstanceId) -> Result<u64, AgentError> {
        match &*self.file.lock() {
            Some(_) => Ok(0),
            None => Err(AgentError::NotOwner(id.to_string())),
        }
    }

    fn release(&self) {
        *self.file.lock() = None;
    }
}
