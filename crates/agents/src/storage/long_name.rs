//! Names that are too long for the name of a file: they stand in a file of their own beside it, so that a
//! damaged index can be made anew of them too.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::if_there;
use crate::{AgentError, InstanceId};

/// Writes down the names of an instance and of those it belongs to, as far as their files do not say them.
pub(super) fn keep(id: &InstanceId, data_dir: &Path) -> Result<(), AgentError> {
    if let Some(parent) = id.parent() {
        keep(parent, data_dir)?;
    }
    let Some(path) = id.name_file(data_dir) else { return Ok(()) };
    if fs::read_to_string(&path).is_ok_and(|kept| kept == id.name()) {
        return Ok(());
    }
    let written = || {
        fs::create_dir_all(path.parent().unwrap_or(data_dir))?;
        // A file that is not whole is as good as none.
        fs::write(&path, id.name())
    };
    written().map_err(|source| AgentError::DataDir { path: path.clone(), source })
}

/// Takes the name of an instance away that is destroyed.
pub(super) fn forget(id: &InstanceId, data_dir: &Path) -> Result<(), AgentError> {
    let Some(path) = id.name_file(data_dir) else { return Ok(()) };
    if_there(fs::remove_file(&path)).map_err(|source| AgentError::DataDir { path, source })
}

/// The name of the instance that a file is of, or the folder of its sub-agents.
pub(super) fn of(file: &Path) -> Option<String> {
    let stem = file.file_stem()?.to_str()?;
    InstanceId::name_of_file(stem).or_else(|| {
        let kept: PathBuf = file.with_extension("name");
        fs::read_to_string(kept).ok().filter(|name| InstanceId::is_file_of(stem, name))
    })
}
