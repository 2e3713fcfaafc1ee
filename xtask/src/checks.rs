//! Checks that run no test: formatting, lints, dependencies, documentation.

use anyhow::Result;

use crate::{
    build::{BROWSER, NATIVE, TOOL},
    process::{self, cargo},
    progress::step,
    setup::CargoTools,
    workspace::Workspace,
};

/// rustfmt over the whole workspace.
pub(crate) fn formatting(workspace: &Workspace) -> Result<()> {
    step("formatting", || process::run(cargo(workspace.root()).args(["fmt", "--all", "--check"])))
}

/// Clippy, warnings denied: this machine's packages, this tool, and the browser's half apart,
/// because checking them together would unify features that never meet in a real build.
pub(crate) fn lints(workspace: &Workspace) -> Result<()> {
    for (name, selection) in [("lints", &NATIVE[..]), ("lints of xtask", &TOOL[..])] {
        step(name, || {
            process::run(
                cargo(workspace.root())
                    .args(["clippy", "--release", "--all-targets"])
                    .args(selection)
                    .args(["--", "-D", "warnings"]),
            )
        })?;
    }
    step("lints of the browser's half", || {
        process::run(
            cargo(workspace.root()).arg("clippy").args(BROWSER).args(["--", "-D", "warnings"]),
        )
    })
}

/// cargo-deny: licences, bans and sources must pass. The advisory list is not reachable
/// everywhere, so that part only warns.
pub(crate) fn dependencies(workspace: &Workspace, tools: &CargoTools) -> Result<()> {
    let deny = |checks: &[&str]| {
        process::run(
            cargo(workspace.root())
                .args(["deny", "--log-level", "warn", "check", "--hide-inclusion-graph"])
                .args(checks)
                .env("PATH", tools.path()),
        )
    };
    step("licences, bans, sources", || deny(&["licenses", "bans", "sources"]))?;
    step("advisories", || {
        if let Err(error) = deny(&["advisories"]) {
            eprintln!("warning: advisories are not known to be clean: {error:#}");
        }
        Ok(())
    })
}

/// The reference documentation builds without a warning.
pub(crate) fn documentation(workspace: &Workspace) -> Result<()> {
    step("documentation", || {
        process::run(
            cargo(workspace.root())
                .args(["doc", "--release", "--no-deps"])
                .args(NATIVE)
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    })
}
