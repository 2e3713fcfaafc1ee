//! From an archive to a folder.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use zip::ZipArchive;

use super::{
    BackupError, LEFT_OUT, UNPACKING,
    create::Summary,
    damage, is_database, is_index,
    manifest::{self, Entry, Hashing, Manifest},
};
use crate::{
    FolderLock, Ownership,
    ownership::LOCK_FILE,
    storage::{Index, if_there},
};

/// What to do with agents that are in the folder already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave everything as it is and answer with an error.
    Refuse,
    /// Set them aside, in a folder `set-aside/TIME` below the data folder.
    SetAside,
}

/// Puts a backup back into `data_dir`. Everything is unpacked and checked before anything is moved
/// to its place. Tasks that fell due since the backup was made run as if the process had been down.
///
/// # Errors
/// [`BackupError::Agents`] where a process uses the folder, [`BackupError::NotEmpty`],
/// [`BackupError::Newer`], and [`BackupError::NotABackup`] where a file is missing or is not what the
/// manifest says.
pub fn restore(
    archive: &Path,
    data_dir: &Path,
    existing: Existing,
) -> Result<Summary, BackupError> {
    let lock = FolderLock::default();
    lock.claim(data_dir)?;
    let result = restore_locked(archive, data_dir, existing);
    lock.release();
    result
}

fn restore_locked(
    archive: &Path,
    data_dir: &Path,
    existing: Existing,
) -> Result<Summary, BackupError> {
    let present = present(data_dir)?;
    if !present.is_empty() && existing == Existing::Refuse {
        return Err(BackupError::NotEmpty(data_dir.to_owned()));
    }
    let unpacking = data_dir.join(UNPACKING);
    remove_folder(&unpacking)?;
    let unpacked = unpack(archive, &unpacking).and_then(|entries| {
        // Other runtimes may have their folders below this one.
        for entry in entries.iter().map(|entry| Path::new(&entry.path)) {
            if let Some(folder) = entry.parent().filter(|_| is_index(entry)) {
                Index::restored(&unpacking.join(folder))?;
            }
        }
        Ok(entries)
    });
    let entries = unpacked.inspect_err(|_| {
        // What is wrong with the backup is worth more to a person than what it leaves behind.
        let _ = remove_folder(&unpacking);
    })?;
    if !present.is_empty() {
        let time = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
        let aside = data_dir.join("set-aside").join(time);
        fs::create_dir_all(&aside).map_err(BackupError::at(&aside))?;
        move_all(&present, &aside)?;
    }
    move_all(&children(&unpacking)?, data_dir)?;
    remove_folder(&unpacking)?;
    Ok(Summary {
        files: entries.len(),
        bytes: entries.iter().map(|entry| entry.bytes).sum(),
        damaged: entries.iter().filter(|it| it.damaged).map(|it| PathBuf::from(&it.path)).collect(),
    })
}

/// Unpacks and checks everything.
fn unpack(archive: &Path, folder: &Path) -> Result<Vec<Entry>, BackupError> {
    let input = File::open(archive).map_err(BackupError::at(archive))?;
    let broken = |problem: &dyn ToString| BackupError::broken(archive, problem.to_string());
    let mut zip = ZipArchive::new(input).map_err(|error| broken(&error))?;
    let manifest = zip.by_name(manifest::NAME).map_err(|_| broken(&"it has no manifest"))?;
    let manifest: Manifest = serde_json::from_reader(manifest).map_err(|error| broken(&error))?;
    if manifest.format > manifest::FORMAT {
        return Err(BackupError::Newer { version: manifest.version });
    }
    for entry in &manifest.files {
        let mut file = zip.by_name(&entry.path).map_err(|error| broken(&error))?;
        let path = file
            .enclosed_name()
            .ok_or_else(|| broken(&format!("`{}` leads out of the folder", entry.path)))?;
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(BackupError::at(parent))?;
        }
        let output = File::create(&path).map_err(BackupError::at(&path))?;
        let mut output = Hashing::new(output);
        // One byte more than there should be is enough to tell; a bomb does not fill the disk.
        let mut limited = io::Read::take(&mut file, entry.bytes.saturating_add(1));
        io::copy(&mut limited, &mut output).map_err(|error| broken(&error))?;
        if output.finish() != (entry.bytes, entry.sha256.clone()) {
            return Err(broken(&format!("`{}` is not what was backed up", entry.path)));
        }
        if is_database(&path) && !entry.damaged {
            damage(&path).map_or(Ok(()), |it| Err(broken(&format!("`{}`: {it}", entry.path))))?;
        }
    }
    Ok(manifest.files)
}

/// What is in a data folder besides what a backup leaves out.
fn present(data_dir: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let kept = LEFT_OUT.iter().chain([&UNPACKING, &LOCK_FILE]).map(|name| data_dir.join(name));
    let kept: Vec<_> = kept.collect();
    Ok(children(data_dir)?.into_iter().filter(|path| !kept.contains(path)).collect())
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    match fs::read_dir(folder) {
        Ok(entries) => {
            entries.map(|entry| Ok(entry.map_err(BackupError::at(folder))?.path())).collect()
        }
        // A backup of nothing unpacks to nothing.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
        Err(error) => Err(BackupError::at(folder)(error)),
    }
}

fn move_all(paths: &[PathBuf], folder: &Path) -> Result<(), BackupError> {
    for path in paths {
        if let Some(name) = path.file_name() {
            fs::rename(path, folder.join(name)).map_err(BackupError::at(path))?;
        }
    }
    Ok(())
}

fn remove_folder(folder: &Path) -> Result<(), BackupError> {
    if_there(fs::remove_dir_all(folder)).map_err(BackupError::at(folder))
}
