//! Building: the web assets first, then the server that carries them.

use std::process::Command;

use anyhow::Result;

use crate::{
    bundle::{self, Manifest},
    compress::Effort,
    css, process,
    progress::{kilobytes, step},
    workspace::Workspace,
};

/// All packages that are built for this machine. Every native cargo command selects the same
/// ones, so that features unify the same way and each dependency is compiled once.
/// `domovoi-frontend` is left out: it would turn on `app`'s browser half beside its server half.
pub(crate) const NATIVE: [&str; 3] = ["--workspace", "--exclude", "domovoi-frontend"];

/// Builds stylesheet, WebAssembly and bindings into `target/dist`.
pub(crate) fn assets(workspace: &Workspace, effort: Effort) -> Result<Manifest> {
    let css = step("stylesheet", || css::build(workspace))?;
    step("WebAssembly", || process::run(&mut wasm(workspace)))?;
    let manifest = step("bundle", || bundle::build(workspace, &css, effort))?;
    if effort == Effort::Best {
        let size = bundle::first_load(workspace, &manifest)?;
        eprintln!("    first load: {} (brotli)", kilobytes(size));
    }
    Ok(manifest)
}

/// Builds the server's binary.
pub(crate) fn server(workspace: &Workspace, embedded_model: bool) -> Result<()> {
    step("server", || {
        let mut command = process::cargo(workspace.root());
        command.args(["build", "--release", "--bin", "domovoi"]);
        if embedded_model {
            command.args(NATIVE);
        } else {
            command.args(["--package", "domovoi", "--no-default-features"]);
        }
        process::run(&mut command)
    })
}

/// The cargo command that compiles the browser's half.
fn wasm(workspace: &Workspace) -> Command {
    let mut command = process::cargo(workspace.root());
    command.args([
        "build",
        "--package",
        "domovoi-frontend",
        "--target",
        "wasm32-unknown-unknown",
        "--profile",
        "wasm-release",
    ]);
    command
}
