//! `cargo xtask dev`: rebuild and restart at every change of a source file.
//!
//! The running server is kept until the new one is built, and a failed build leaves it alone.
//! Pages reconnect by themselves; reload one by hand to get its new code. The server reads the
//! web assets from disk here, so that it is built beside them and not after them.

use std::{
    ffi::OsString,
    path::Path,
    process::{Child, Command},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use notify::{Event, EventKind, RecursiveMode, Watcher};

use crate::{build, process, run, workspace::Workspace};

/// The folders that are watched.
const WATCHED: [&str; 7] = ["app", "crates", "frontend", "migrations", "public", "server", "style"];

/// Editors write a file in several steps: wait until it has been quiet for this long.
const QUIET: Duration = Duration::from_millis(200);

/// Builds, serves, and does both again at each change, until interrupted.
pub(crate) fn dev(workspace: &Workspace, embedded_model: bool, flags: &[OsString]) -> Result<()> {
    run::forget(workspace)?;
    run::set_up(workspace, embedded_model)?;
    build::development(workspace, embedded_model)?;
    let (sender, changes) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| concerns_us(&event)) {
            // The receiver is gone only when the program ends.
            let _ = sender.send(());
        }
    })
    .context("watching files")?;
    for folder in WATCHED {
        let path = workspace.path(folder);
        if path.exists() {
            watcher
                .watch(&path, RecursiveMode::Recursive)
                .with_context(|| format!("watching {}", path.display()))?;
        }
    }

    let mut server = start(workspace, flags)?;
    while wait_for_change(&changes) {
        let begin = Instant::now();
        match build::development(workspace, embedded_model) {
            Ok(()) => {
                process::stop(&mut server)?;
                server = start(workspace, flags)?;
                eprintln!("==> rebuilt in {:.1} s, reload the page", begin.elapsed().as_secs_f64());
            }
            Err(error) => eprintln!("error: {error:#}\n==> still serving the last good build"),
        }
    }
    process::stop(&mut server)
}

/// Whether an event changes what is built: not a mere read, not an editor's hidden file.
fn concerns_us(event: &Event) -> bool {
    let writes =
        matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_));
    writes && event.paths.iter().any(|path| !is_hidden(path))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_none_or(|name| {
        name.to_string_lossy().starts_with('.') || name.to_string_lossy().ends_with('~')
    })
}

/// Waits for a change and then for quiet; false when nothing is watched any more.
fn wait_for_change(changes: &Receiver<()>) -> bool {
    if changes.recv().is_err() {
        return false;
    }
    loop {
        match changes.recv_timeout(QUIET) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

fn start(workspace: &Workspace, flags: &[OsString]) -> Result<Child> {
    let binary = workspace.server_binary();
    Command::new(&binary)
        .arg("serve")
        .args(flags)
        .env("DOMOVOI_ASSETS", workspace.dist())
        .spawn()
        .with_context(|| format!("starting {}", binary.display()))
}
