//! Building: the web assets first, then the server that carries them.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{
    bundle::{self, Manifest, Program},
    compress::Effort,
    css,
    process::{self, cargo},
    progress::{kilobytes, step},
    setup,
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
    if effort == Effort::Best {
        setup::node()?;
        setup::npm_packages_of(workspace, "xtask")?;
    }
    let css = step("stylesheet", || css::build(workspace))?;
    for class in css::classes_without_rule(workspace)? {
        eprintln!("warning: no rule for the class {class}");
    }
    step("WebAssembly", || process::run(cargo(workspace.root()).arg("build").args(BROWSER)))?;
    let manifest = step("bundle", || bundle::build(workspace, &css, effort))?;
    if effort == Effort::Best {
        for (program, page) in
            [(Program::Chat, "a conversation"), (Program::Work, "the pages of agents at work")]
        {
            let size = bundle::first_load(workspace, &manifest, program)?;
            eprintln!("    first load of {page}: {} (brotli)", kilobytes(size));
        }
    }
    Ok(manifest)
}

/// Builds the server's binary, with the web assets inside.
pub(crate) fn server(workspace: &Workspace, embedded_model: bool) -> Result<()> {
    step("server", || process::run(&mut server_command(workspace, embedded_model)))
}

/// Builds web assets and server side by side, for a server that reads the assets from disk.
pub(crate) fn development(workspace: &Workspace, embedded_model: bool) -> Result<()> {
    let mut command = server_command(workspace, embedded_model);
    command.env("DOMOVOI_EMBED", "off");
    std::thread::scope(|scope| {
        let server = scope.spawn(|| step("server", || process::run(&mut command)));
        let assets = assets(workspace, Effort::None);
        let server = server.join().unwrap_or_else(|_| bail!("building the server was cut off"));
        assets.and(server)
    })
}

fn server_command(workspace: &Workspace, embedded_model: bool) -> Command {
    let mut command = cargo(workspace.root());
    command.args(["build", "--release", "--bin", "domovoi"]);
    if embedded_model {
        command.args(NATIVE);
    } else {
        command.args(["--package", "domovoi", "--no-default-features"]);
    }
    command
}
