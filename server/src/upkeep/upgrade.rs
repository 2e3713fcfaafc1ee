//! Which version used a data folder last.

use std::{fs, io, path::Path};

use domovoi_agents::backup;
use semver::Version;

use super::backup::name_of_now;
use crate::ServeError;

/// The file of a data folder that names the version.
const FILE: &str = "version";

/// Backs up a data folder that an earlier version used, and refuses one that a later version
/// used. Called with the folder claimed and before anything in it is changed.
pub(crate) fn prepare(data_dir: &Path) -> Result<(), ServeError> {
    prepare_for(&this_version(), data_dir)
}

fn prepare_for(current: &Version, data_dir: &Path) -> Result<(), ServeError> {
    let failed = |source| ServeError::DataDir { path: data_dir.to_owned(), source };
    let file = data_dir.join(FILE);
    let last = match fs::read_to_string(&file) {
        Ok(text) => Version::parse(text.trim()).ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let is_upgrade = last.as_ref().is_some_and(|last| last < current);
    match last {
        Some(last) if last == *current => return Ok(()),
        Some(last) if last > *current => {
            let (path, current) = (data_dir.to_owned(), current.clone());
            return Err(ServeError::NewerData { path, last, current });
        }
        // A folder without a version and with agents is of a version that wrote none.
        _ if is_upgrade || data_dir.join("agents").exists() => {
            let folder = data_dir.join("backups");
            fs::create_dir_all(&folder).map_err(failed)?;
            let archive = folder.join(name_of_now(&format!("before-{current}")));
            let summary = backup::create(data_dir, &archive).map_err(ServeError::Backup)?;
            tracing::info!(
                archive = %archive.display(),
                files = summary.files,
                "backed up before this version's first start"
            );
        }
        _ => {}
    }
    // In one step, so that no half of a version is ever read.
    let part = data_dir.join("version.part");
    fs::write(&part, format!("{current}\n")).and_then(|()| fs::rename(&part, &file)).map_err(failed)
}

fn this_version() -> Version {
    // Cargo has parsed it already.
    Version::parse(env!("CARGO_PKG_VERSION")).unwrap_or(Version::new(0, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn each_upgrade_is_backed_up_once_and_no_downgrade_starts() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path();
        let backups = || fs::read_dir(data_dir.join("backups")).map_or(0, Iterator::count);
        prepare_for(&version("1.0.0"), data_dir).unwrap();
        assert_eq!(backups(), 0, "there was nothing to back up");
        fs::write(data_dir.join("note"), "kept").unwrap();
        prepare_for(&version("1.0.0"), data_dir).unwrap();
        assert_eq!(backups(), 0, "the same version");
        prepare_for(&version("1.10.0"), data_dir).unwrap();
        prepare_for(&version("1.10.0"), data_dir).unwrap();
        assert_eq!(backups(), 1);
        let refused = prepare_for(&version("1.9.0"), data_dir).unwrap_err().to_string();
        assert!(refused.contains("1.10.0") && refused.contains("1.9.0"), "{refused}");
    }

    #[test]
    fn a_folder_of_before_there_were_versions_is_backed_up_where_it_has_agents() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path();
        fs::create_dir(data_dir.join("agents")).unwrap();
        fs::write(data_dir.join("agents/note"), "kept").unwrap();
        prepare_for(&version("1.0.0"), data_dir).unwrap();
        assert_eq!(fs::read_dir(data_dir.join("backups")).unwrap().count(), 1);
    }
}
