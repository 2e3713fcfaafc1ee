//! SHA-256, remembered: reading half a gigabyte at each start is a second nobody needs to wait.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::CatalogueEntry;

/// What is known about a file of weights.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// It is not there.
    Missing,
    /// It is there and whole.
    Good,
    /// It is there and is not what the catalogue says; the text says how.
    Damaged(String),
}

/// What a file was like when its hash was right; written beside the weights in the data folder.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Verified {
    path: PathBuf,
    bytes: u64,
    modified_nanoseconds: u128,
    sha256: String,
}

impl Verified {
    fn of(path: &Path, file: &File, entry: &CatalogueEntry) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            bytes: metadata.len(),
            modified_nanoseconds: modified.as_nanos(),
            sha256: entry.sha256.clone(),
        })
    }
}

/// Checks the file at `path` against the catalogue. Blocks; reads the whole file unless the note
/// in `notes` (a folder) says that this very file was good before.
pub(super) fn check(path: &Path, entry: &CatalogueEntry, notes: &Path) -> io::Result<Check> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Check::Missing),
        Err(error) => return Err(error),
    };
    let now = Verified::of(path, &file, entry)?;
    if now.bytes != entry.bytes {
        let problem = format!("it has {} bytes, not {}", now.bytes, entry.bytes);
        return Ok(Check::Damaged(problem));
    }
    let note = notes.join(format!("{}.verified", entry.file));
    let before = std::fs::read(&note).ok().and_then(|text| serde_json::from_slice(&text).ok());
    if before.as_ref() == Some(&now) {
        return Ok(Check::Good);
    }
    let mut hash = Sha256::new();
    hash_file(&mut file, &mut hash)?;
    let sha256 = hex(&hash.finalize());
    if sha256 != entry.sha256 {
        return Ok(Check::Damaged(format!("its SHA-256 is {sha256}, not {}", entry.sha256)));
    }
    remember(&note, &now);
    Ok(Check::Good)
}

/// Without the note the next start is slower and nothing else, so a failure is only logged.
fn remember(note: &Path, verified: &Verified) {
    let written = serde_json::to_vec(verified)
        .map_err(io::Error::from)
        .and_then(|text| std::fs::write(note, text));
    if let Err(error) = written {
        tracing::debug!(%error, note = %note.display(), "cannot remember a checked file");
    }
}

/// Feeds the rest of a file into a hash; answers the number of bytes.
pub(super) fn hash_file(file: &mut File, hash: &mut Sha256) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(total);
        }
        hash.update(&buffer[..count]);
        total += count as u64;
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Catalogue, catalogue};
    use super::*;

    fn entry(content: &[u8]) -> CatalogueEntry {
        let text = format!(
            "auto = []\n[[weights]]\nid = 'a'\nname = 'A'\nfile = 'a.gguf'\nbytes = {}\n\
             sha256 = '{}'\nlicence = 'MIT'\nsource = {{ kind = 'http', url = 'http://x' }}",
            content.len(),
            hex(&Sha256::digest(content)),
        );
        let catalogue: catalogue::Catalogue = Catalogue::parse(&text).unwrap();
        catalogue.get("a").unwrap().clone()
    }

    #[test]
    fn a_checked_file_is_remembered_and_a_changed_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gguf");
        let entry = entry(b"GGUFgood");
        assert_eq!(check(&path, &entry, folder.path()).unwrap(), Check::Missing);

        std::fs::write(&path, b"GGUFgood").unwrap();
        assert_eq!(check(&path, &entry, folder.path()).unwrap(), Check::Good);
        assert!(folder.path().join("a.gguf.verified").exists());
        assert_eq!(check(&path, &entry, folder.path()).unwrap(), Check::Good);

        let file = File::options().write(true).open(&path).unwrap();
        std::fs::write(&path, b"GGUFevil").unwrap();
        file.set_modified(UNIX_EPOCH).unwrap();
        let Check::Damaged(problem) = check(&path, &entry, folder.path()).unwrap() else {
            panic!("the change went unseen");
        };
        assert!(problem.contains("SHA-256"), "{problem}");

        std::fs::write(&path, b"GGUF").unwrap();
        let Check::Damaged(problem) = check(&path, &entry, folder.path()).unwrap() else {
            panic!("the missing half went unseen");
        };
        assert!(problem.contains("4 bytes, not 8"), "{problem}");
    }
}
