//! Making the central index anew from the files of the instances: it says nothing that they do not,
//! but when each has to be woken, and whoever has something to do is woken at once.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use rusqlite::{Connection, params};

use super::{if_there, long_name, new_file};
use crate::{AgentError, InstanceId, clock::to_millis, schedule::has_work};

/// Whether there are instances that an index could be made of.
pub(super) fn has_instances(data_dir: &Path) -> bool {
    fs::read_dir(data_dir.join("agents")).is_ok_and(|mut folder| folder.next().is_some())
}

/// A damaged file, with what belongs to it, under another name beside it: nothing of it is lost.
pub(super) fn keep_aside(file: &Path) -> Result<PathBuf, AgentError> {
    let name = |original: &Path, ending: &str| {
        let mut name = original.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let ending = format!(".damaged-{}", to_millis(SystemTime::now()));
    for part in ["-wal", "-shm", ""] {
        let part = name(file, part);
        if_there(fs::rename(&part, name(&part, &ending)))
            .map_err(|source| AgentError::DataDir { path: part, source })?;
    }
    Ok(name(file, &ending))
}

/// Writes what the files say into an index without instances; answers how many there are.
pub(super) fn fill(index: &mut Connection, data_dir: &Path) -> Result<usize, AgentError> {
    let transaction = index.transaction()?;
    let mut found = Vec::new();
    let folder = data_dir.join("agents");
    instances(&folder, None, &mut found)
        .map_err(|source| AgentError::DataDir { path: folder, source })?;
    for (id, file) in &found {
        let created = fs::metadata(file).and_then(|it| it.created().or_else(|_| it.modified()));
        let created = to_millis(created.unwrap_or(UNIX_EPOCH));
        transaction
            .prepare_cached("INSERT INTO instances (agent, key, created_at) VALUES (?1, ?2, ?3)")?
            .execute(params![id.agent(), id.key(), created])?;
        if has_work(file) {
            transaction
                .prepare_cached("INSERT INTO alarms (agent, key, due) VALUES (?1, ?2, 0)")?
                .execute(params![id.agent(), id.key()])?;
        }
    }
    transaction.commit()?;
    Ok(found.len())
}

/// The instances in a folder of agents, and those below them.
fn instances(
    folder: &Path,
    parent: Option<&Arc<InstanceId>>,
    found: &mut Vec<(Arc<InstanceId>, PathBuf)>,
) -> io::Result<()> {
    for agent in fs::read_dir(folder)? {
        let agent = agent?;
        let Ok(kind) = agent.file_name().into_string() else { continue };
        if !agent.file_type()?.is_dir() {
            continue;
        }
        let kind: Arc<str> = kind.into();
        for file in fs::read_dir(agent.path())? {
            let path = file?.path();
            let Some(extension) = path.extension() else { continue };
            if extension != "sqlite3" && extension != "sub" {
                continue;
            }
            let Some(name) = long_name::of(&path) else {
                tracing::warn!(
                    file = %path.display(),
                    "nothing says what this instance is called: it is known again when somebody \
                     asks for it"
                );
                continue;
            };
            let id = Arc::new(match parent {
                Some(parent) => InstanceId::sub(Arc::clone(parent), &kind, &name),
                None => InstanceId::new(&kind, &name),
            });
            if extension == "sub" {
                instances(&path, Some(&id), found)?;
            } else if !new_file::is_new(&path).unwrap_or(false) {
                found.push((id, path));
            }
        }
    }
    Ok(())
}
