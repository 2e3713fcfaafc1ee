//! Building: the web assets first, then the server that carries them.

use anyhow::Result;

use crate::{
    bundle::{self, Manifest},
    compress::Effort,
    css,
    process::{self, cargo},
    progress::{kilobytes, step},
    workspace::Workspace,
};

/// All packages that are built for this machine. Every native cargo command selects the same
/// ones, so that features unify the same way and each dependency is compiled once.
/// `domovoi-frontend` is left out: it would turn on `app`'s browser half beside its server
/// half. `xtask` is left out because `cargo xtask` selects it alone.
pub(crate) const NATIVE: [&str; 5] =
    ["--workspace", "--exclude", "domovoi-frontend", "--exclude", "xtask"];

/// This tool, as `cargo xtask` selects it.
pub(crate) const TOOL: [&str; 2] = ["--package", "xtask"];

/// The browser's half.
pub(crate) const BROWSER: [&str; 6] = [
    "--package",
    "domovoi-frontend",
    "--target",
    "wasm32-unknown-unknown",
    "--profile",
    "wasm-release",
];

/// Builds stylesheet, WebAssembly and bindings into `target/dist`.
pub(crate) fn assets(workspace: &Workspace, effort: Effort) -> Result<Manifest> {
    let css = step("stylesheet", || css::build(workspace))?;
    for class in css::classes_without_rule(workspace)? {
        eprintln!("warning: no rule for the class {class}");
    }
    step("WebAssembly", || process::run(cargo(workspace.root()).arg("build").args(BROWSER)))?;
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
        let mut command = cargo(workspace.root());
        command.args(["build", "--release", "--bin", "domovoi"]);
        if embedded_model {
            command.args(NATIVE);
        } else {
            command.args(["--package", "domovoi", "--no-default-features"]);
        }
        process::run(&mut command)
    })
}
