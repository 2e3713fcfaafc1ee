//! What must be installed, and installing it where that is allowed.
//!
//! Only packages of the system's own package manager, of rustup, crates.io, PyPI and npm are
//! used. Where we may not install, the error is the one line to type.

mod cargo_tools;
mod native;
mod system;

use std::{path::Path, process::Command};

use anyhow::{Context, Result};

pub(crate) use cargo_tools::{CargoTools, cargo_tools};
pub(crate) use native::native_tools;
pub(crate) use system::{browser, node, python, surroundings};

use crate::{process, progress::step, workspace::Workspace};

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Adds Rust's WebAssembly target where it is missing.
pub(crate) fn wasm_target(workspace: &Workspace) -> Result<()> {
    let sysroot = process::read(
        Command::new("rustc").args(["--print", "sysroot"]).current_dir(workspace.root()),
    )?;
    let installed = Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).exists();
    if installed {
        return Ok(());
    }
    step("Rust's WebAssembly target", || {
        process::run(
            Command::new("rustup")
                .args(["target", "add", WASM_TARGET])
                .current_dir(workspace.root()),
        )
        .with_context(|| {
            format!("the target {WASM_TARGET} is missing; run: rustup target add {WASM_TARGET}")
        })
    })
}

/// Installs the npm packages of `end2end`, and those of another time beside them, as their lock
/// files name them.
pub(crate) fn npm_packages(workspace: &Workspace) -> Result<()> {
    ["end2end", "end2end/legacy"]
        .into_iter()
        .try_for_each(|folder| npm_packages_of(workspace, folder))
}

/// Installs the npm packages of one folder.
pub(crate) fn npm_packages_of(workspace: &Workspace, folder: &str) -> Result<()> {
    let folder = workspace.path(folder);
    let changed = |name: &str| {
        std::fs::metadata(folder.join(name)).and_then(|metadata| metadata.modified()).ok()
    };
    let installed = changed("node_modules/.package-lock.json");
    if installed.is_some() && installed >= changed("package-lock.json") {
        return Ok(());
    }
    step("npm packages", || {
        process::run(
            Command::new("npm")
                // Not `ci`: it wants every optional package of every platform in the lock file,
                // and some registries do not have them all. The versions are the lock's anyway.
                .args(["install", "--no-save", "--ignore-scripts", "--loglevel=error"])
                .args(["--no-audit", "--no-fund"])
                .current_dir(&folder),
        )
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_container_is_built_with_the_repositorys_toolchain_on_the_system_it_runs_on() {
        let toolchain = include_str!("../../rust-toolchain.toml");
        let container = include_str!("../../Containerfile");
        let after = |text: &'static str, before: &str| {
            text.lines().find_map(|line| line.strip_prefix(before)).unwrap()
        };
        let channel = after(toolchain, "channel = ").trim_matches('"');
        let image = after(container, "FROM docker.io/library/rust:");
        let (version, debian) = image.split_once(' ').unwrap().0.split_once('-').unwrap();
        assert!(format!("{channel}.").starts_with(&format!("{version}.")), "{image}");
        // A program linked with a newer libc does not start on an older one.
        assert_eq!(after(container, "FROM docker.io/library/debian:"), format!("{debian}-slim"));
    }
}
