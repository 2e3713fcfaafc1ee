//! Walking the source tree.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result};

/// All files below a folder with one of these extensions (none given: all), sorted, hidden
/// ones left out. A folder that does not exist has no files.
pub(crate) fn files_below(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    visit(folder, &mut |path, is_folder| {
        let wanted = extensions.is_empty()
            || path
                .extension()
                .and_then(|extension| extension.to_str())
                .is_some_and(|extension| extensions.contains(&extension));
        if !is_folder && wanted {
            files.push(path.to_path_buf());
        }
    })?;
    files.sort();
    Ok(files)
}

/// The latest change below these files and folders. A folder counts itself, so that a deleted
/// file is noticed too.
pub(crate) fn last_change(paths: &[PathBuf]) -> Result<Option<SystemTime>> {
    let mut latest = None;
    for path in paths {
        visit(path, &mut |path, _| {
            let changed = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
            latest = latest.max(changed);
        })?;
    }
    Ok(latest)
}

/// Calls `see` for a path and everything below it; build outputs and hidden files are skipped.
fn visit(path: &Path, see: &mut impl FnMut(&Path, bool)) -> Result<()> {
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(());
    };
    see(path, metadata.is_dir());
    if !metadata.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("listing {}", path.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        visit(&entry.path(), see)?;
    }
    Ok(())
}
