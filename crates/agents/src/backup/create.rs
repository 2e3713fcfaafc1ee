//! From a folder to an archive, while agents run.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{
    BackupError, LEFT_OUT, UNPACKING, is_database, is_index,
    manifest::{self, Entry, Hashing, Manifest},
    open,
};
use crate::storage;

/// What went into a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Files, databases among them.
    pub files: usize,
    /// Their bytes before compression.
    pub bytes: u64,
    /// Databases that are damaged. They went in as they are, and come back as they were.
    pub damaged: Vec<PathBuf>,
}

/// Writes everything below `data_dir` into the new file `archive`. Agents may go on meanwhile: each
/// database is taken as it is at one moment.
///
/// # Errors
/// [`BackupError::Exists`] where there is such a file, [`BackupError::File`] where something cannot
/// be read or written. An archive that is not whole is removed.
pub fn create(data_dir: &Path, archive: &Path) -> Result<Summary, BackupError> {
    let output = File::options().write(true).create_new(true).open(archive).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            return BackupError::Exists(archive.to_owned());
        }
        BackupError::File { path: archive.to_owned(), source }
    })?;
    let written = Archive::new(data_dir, archive, output).and_then(Archive::write);
    if written.is_err() {
        // What stopped the backup is worth more to a person than a file that cannot be removed.
        let _ = fs::remove_file(archive);
    }
    written
}

struct Archive<'a> {
    data_dir: &'a Path,
    archive: &'a Path,
    zip: ZipWriter<File>,
    /// Where a database is copied to on its way.
    copy: PathBuf,
    entries: Vec<Entry>,
    damaged: Vec<PathBuf>,
}

impl<'a> Archive<'a> {
    fn new(data_dir: &'a Path, archive: &'a Path, output: File) -> Result<Self, BackupError> {
        let mut copy = archive.as_os_str().to_owned();
        copy.push(".part");
        let (entries, damaged) = (vec![], vec![]);
        let zip = ZipWriter::new(output);
        Ok(Self { data_dir, archive, zip, copy: copy.into(), entries, damaged })
    }

    fn write(mut self) -> Result<Summary, BackupError> {
        let mut files = vec![];
        files_below(self.data_dir, Path::new(""), &mut files)?;
        // States that are not in their files yet come first: what has gone into a file meanwhile is in its copy. An
        // index comes last: then no instance is in the backup that it does not know.
        files.sort_by_key(|file| {
            (storage::segment_number(file).is_none(), is_index(file), file.clone())
        });
        for file in &files {
            let added = if is_database(file) { self.database(file) } else { self.plain(file) };
            match added {
                // It was deleted since the folder was read.
                Err(BackupError::File { source, path })
                    if source.kind() == io::ErrorKind::NotFound
                        && path.starts_with(self.data_dir) => {}
                added => added?,
            }
        }
        let manifest = Manifest {
            format: manifest::FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: Timestamp::now().to_string(),
            files: self.entries.clone(),
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(crate::AgentError::from)?;
        self.begin(manifest::NAME)?;
        let at = BackupError::at(self.archive);
        io::Write::write_all(&mut self.zip, &text).map_err(at)?;
        let output = self.zip.finish().map_err(|e| BackupError::at(self.archive)(e.into()))?;
        output.sync_all().map_err(BackupError::at(self.archive))?;
        Ok(Summary {
            files: self.entries.len(),
            bytes: self.entries.iter().map(|entry| entry.bytes).sum(),
            damaged: self.damaged,
        })
    }

    /// A database as it is at one moment; as a plain file where that cannot be had.
    fn database(&mut self, file: &Path) -> Result<(), BackupError> {
        let source = self.data_dir.join(file);
        // Opening a file that is gone would be an error of another kind.
        fs::metadata(&source).map_err(BackupError::at(&source))?;
        storage::if_there(fs::remove_file(&self.copy)).map_err(BackupError::at(&self.copy))?;
        let added = match snapshot(&source, &self.copy) {
            Ok(()) => self.add(file, &self.copy.clone(), false),
            Err(error) if is_damage(&error) => {
                self.damaged.push(file.to_owned());
                self.add(file, &source, true)?;
                let log = file.with_extension("sqlite3-wal");
                let source = self.data_dir.join(&log);
                if source.exists() { self.add(&log, &source, true) } else { Ok(()) }
            }
            Err(error) => Err(BackupError::File { path: source, source: io::Error::other(error) }),
        };
        // It is written anew for the next database, and of no use after the last.
        let _ = fs::remove_file(&self.copy);
        added
    }

    fn plain(&mut self, file: &Path) -> Result<(), BackupError> {
        let source = self.data_dir.join(file);
        self.add(file, &source, false)
    }

    fn add(&mut self, file: &Path, source: &Path, damaged: bool) -> Result<(), BackupError> {
        let mut input = File::open(source).map_err(BackupError::at(source))?;
        let path = entry_name(file);
        self.begin(&path)?;
        let mut output = Hashing::new(&mut self.zip);
        io::copy(&mut input, &mut output).map_err(BackupError::at(source))?;
        let (bytes, sha256) = output.finish();
        self.entries.push(Entry { path, bytes, sha256, damaged });
        Ok(())
    }

    fn begin(&mut self, name: &str) -> Result<(), BackupError> {
        // Names are told apart by the archive's directory, so a large one needs 64 bits.
        let options = SimpleFileOptions::default().large_file(true);
        let begun = self.zip.start_file(name, options);
        begun.map_err(|error| BackupError::at(self.archive)(error.into()))
    }
}

/// Copies a database as it is at one moment, whoever writes to it.
fn snapshot(database: &Path, copy: &Path) -> rusqlite::Result<()> {
    let connection = open(database)?;
    connection.busy_timeout(storage::BUSY_TIMEOUT)?;
    connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
    Ok(())
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

/// Paths of all files below `folder`, from there.
fn files_below(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), BackupError> {
    let path = root.join(folder);
    for entry in fs::read_dir(&path).map_err(BackupError::at(&path))? {
        let entry = entry.map_err(BackupError::at(&path))?;
        let kind = entry.file_type().map_err(BackupError::at(&entry.path()))?;
        let below = folder.join(entry.file_name());
        if kind.is_dir() {
            let left_out = LEFT_OUT.iter().chain([&UNPACKING]).any(|name| below == Path::new(name));
            if !left_out {
                files_below(root, &below, files)?;
            }
        } else if kind.is_file() && !is_transient(&below) {
            files.push(below);
        }
    }
    Ok(())
}

/// Logs and indexes of databases, whose content is in the database's copy, and locks.
fn is_transient(file: &Path) -> bool {
    let extension = file.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("sqlite3-wal" | "sqlite3-shm"))
        || file.ends_with(crate::ownership::LOCK_FILE)
}

fn entry_name(file: &Path) -> String {
    let names: Vec<_> = file.iter().map(|name| name.to_string_lossy()).collect();
    names.join("/")
}
