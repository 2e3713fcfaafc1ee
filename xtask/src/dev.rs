//! `cargo xtask dev`: rebuild and restart at every change of a source file.
//!
//! The running server is kept until the new one is built, and a failed build leaves it alone.
//! Pages reconnect by themselves; reload one by hand to get its new code.

use std::{
    ffi::OsString,
    path::Path,
    process::{Child, Command},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use notify::{Event, EventKind, RecursiveMode, Watcher};

use crate::{build, compress::Effort, process, run, workspace::Workspace};

/// The folders that are watched.
const WATCHED: [&str; 7] = ["app", "crates", "frontend", "migrations", "public", "server", "style"];

/// Editors write a file in several steps: wait until it has been quiet for this long.
const QUIET: Duration = Duration::from_millis(200);

/// How long a server may take to end its work before it is killed.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// Builds, serves, and does both again at each change, until interrupted.
pub(crate) fn dev(workspace: &Workspace, embedded_model: bool, flags: &[OsString]) -> Result<()> {
    run::build_if_changed(workspace, embedded_model)?;
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
        match rebuild(workspace, embedded_model) {
            Ok(()) => {
                stop(&mut server)?;
                server = start(workspace, flags)?;
                eprintln!("==> restarted after {:.1} s", begin.elapsed().as_secs_f64());
            }
            Err(error) => eprintln!("error: {error:#}\n==> still serving the last good build"),
        }
    }
    stop(&mut server)
}

fn rebuild(workspace: &Workspace, embedded_model: bool) -> Result<()> {
    build::assets(workspace, Effort::None)?;
    build::server(workspace, embedded_model)
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
        .spawn()
        .with_context(|| format!("starting {}", binary.display()))
}

/// Ends the server as a service manager would: a request first, force after a while.
fn stop(server: &mut Child) -> Result<()> {
    let deadline = Instant::now() + SHUTDOWN;
    if cfg!(unix) {
        process::succeeds(Command::new("kill").args(["-TERM", &server.id().to_string()]));
        while Instant::now() < deadline {
            if server.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    // Already ended is as good as killed.
    let _ = server.kill();
    server.wait().map(drop).context("waiting for the server to end")
}
