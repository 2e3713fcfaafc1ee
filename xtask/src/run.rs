//! `cargo xtask run`: set up, build what changed, and become the server.

use std::{
    ffi::OsString,
    fs,
    io::ErrorKind,
    path::PathBuf,
    process::Command,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};

use crate::{build, compress::Effort, setup, source_files::last_change, workspace::Workspace};

/// What the server is built from.
const INPUTS: [&str; 13] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "app",
    "crates",
    "examples",
    "frontend",
    "migrations",
    "public",
    "rust-toolchain.toml",
    "server",
    "style",
    "xtask",
];

/// Builds the server if anything changed since the last time, then starts it in this
/// process's place with the flags given.
pub(crate) fn run(workspace: &Workspace, embedded_model: bool, flags: &[OsString]) -> Result<()> {
    build_if_changed(workspace, embedded_model)?;
    let mut server = Command::new(workspace.server_binary());
    server.arg("serve").args(flags);
    replace(server)
}

/// Everything `run` needs, without running: skipped whole when no input changed, so that a
/// second start costs a few milliseconds.
pub(crate) fn build_if_changed(workspace: &Workspace, embedded_model: bool) -> Result<()> {
    let stamp = Stamp::of(workspace, embedded_model);
    if stamp.is_fresh(workspace)? {
        return Ok(());
    }
    let start = SystemTime::now();
    set_up(workspace, embedded_model)?;
    build::assets(workspace, Effort::Best)?;
    build::server(workspace, embedded_model)?;
    stamp.write(start)
}

/// What a build needs to be installed.
pub(crate) fn set_up(workspace: &Workspace, embedded_model: bool) -> Result<()> {
    setup::wasm_target(workspace)?;
    setup::native_tools(embedded_model)
}

/// Makes the next `run` build: what is there is about to be replaced by something unfinished.
pub(crate) fn forget(workspace: &Workspace) -> Result<()> {
    match fs::remove_file(Stamp::path(workspace)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context("removing a stamp"),
        _ => Ok(()),
    }
}

/// A file that says what was built, dated when that build began.
struct Stamp {
    path: PathBuf,
    content: String,
}

impl Stamp {
    fn of(workspace: &Workspace, embedded_model: bool) -> Self {
        Self {
            path: Self::path(workspace),
            content: format!(
                "{}\nembedded_model = {embedded_model}\n",
                workspace.server_binary().display()
            ),
        }
    }

    fn path(workspace: &Workspace) -> PathBuf {
        workspace.scratch().join("run.stamp")
    }

    /// Whether binary and assets are there and no input is newer than the stamp.
    fn is_fresh(&self, workspace: &Workspace) -> Result<bool> {
        let same = fs::read_to_string(&self.path).is_ok_and(|content| content == self.content);
        let built =
            workspace.server_binary().exists() && workspace.dist().join("manifest.json").exists();
        if !same || !built {
            return Ok(false);
        }
        let stamped = fs::metadata(&self.path)?.modified()?;
        let inputs: Vec<PathBuf> = INPUTS.iter().map(|input| workspace.path(input)).collect();
        Ok(last_change(&inputs)?.is_none_or(|changed| changed < stamped))
    }

    fn write(&self, start: SystemTime) -> Result<()> {
        // A file system may keep whole seconds only: one second early is at worst a rebuild.
        let dated = start - Duration::from_secs(1);
        let write = || -> std::io::Result<()> {
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&self.path, &self.content)?;
            fs::File::options().write(true).open(&self.path)?.set_modified(dated)
        };
        write().with_context(|| format!("writing {}", self.path.display()))
    }
}

/// Becomes the server: signals, output and exit code are its own.
#[cfg(unix)]
fn replace(mut server: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = server.exec();
    Err(error).with_context(|| format!("starting {}", server.get_program().display()))
}

/// Runs the server to its end, where a process cannot be replaced.
#[cfg(not(unix))]
fn replace(mut server: Command) -> Result<()> {
    crate::process::run(&mut server)
}
