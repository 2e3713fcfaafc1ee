//! `cargo xtask test`: everything that must hold, in the order that fails soonest for the
//! least work. The last line printed is `N passed, N failed`.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::{
    build::{self, NATIVE, TOOL},
    bundle::{self, Program},
    checks,
    compress::Effort,
    process::{self, cargo},
    progress::{kilobytes, step},
    setup,
    source_files::files_below,
    totals::{Runner, Totals},
    workspace::Workspace,
};

/// What a browser may load before the first page is alive: WebAssembly, JavaScript and
/// stylesheet together, compressed.
pub(crate) const FIRST_LOAD_LIMIT: u64 = 450_000;

/// The model of the tests: small enough for two cores.
pub(crate) const TEST_MODEL: &str = "smollm2-135m";

/// How much to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything: what CI runs.
    Full,
    /// Formatting, lints and Rust tests; no dependency checks, documentation or browser.
    Quick,
}

/// Runs the tests and prints the totals, whether they passed or not.
pub(crate) fn test(workspace: &Workspace, extent: Extent) -> Result<()> {
    let start = Instant::now();
    let mut totals = Totals::default();
    let outcome = parts(workspace, extent, &mut totals);
    eprintln!("==> {:.0} s in all", start.elapsed().as_secs_f64());
    if let Err(error) = &outcome {
        eprintln!("error: {error:#}");
    }
    println!("{totals}");
    // The error is told already; the totals are to stay the last line.
    outcome.map_err(|_| crate::AlreadyTold.into())
}

fn parts(workspace: &Workspace, extent: Extent, totals: &mut Totals) -> Result<()> {
    let full = extent == Extent::Full;
    setup::wasm_target(workspace)?;
    setup::native_tools(true)?;
    setup::python()?;
    let tools = setup::cargo_tools(workspace)?;
    if full {
        setup::node()?;
        setup::browser()?;
        // A web server is nobody's to install on another's machine: there, its tests are left out.
        if env::var_os("CI").is_some() {
            setup::surroundings()?;
        }
        setup::npm_packages(workspace)?;
    }

    checks::formatting(workspace)?;
    let manifest = build::assets(workspace, Effort::Best)?;
    for program in Program::ALL {
        let first_load = bundle::first_load(workspace, &manifest, program)?;
        if first_load > FIRST_LOAD_LIMIT {
            bail!(
                "the first load is {}, over the limit of {}",
                kilobytes(first_load),
                kilobytes(FIRST_LOAD_LIMIT)
            );
        }
    }
    checks::lints(workspace)?;
    if full {
        checks::dependencies(workspace, &tools)?;
    }
    step("build", || {
        process::run(
            cargo(workspace.root()).args(["build", "--release", "--all-targets"]).args(NATIVE),
        )
    })?;
    let weights = weights(workspace)?;
    for (name, selection, profile) in
        [("tests", &NATIVE[..], "all"), ("tests of xtask", &TOOL[..], "default")]
    {
        step(name, || {
            totals.add(
                Runner::Nextest,
                with_weights(&mut cargo(workspace.root()), &weights)
                    .args(["nextest", "run", "--release", "--profile", profile])
                    .args(selection)
                    .env("PATH", tools.path()),
            )
        })?;
    }
    step("documentation tests", || {
        totals.add(
            Runner::Rustdoc,
            with_weights(&mut cargo(workspace.root()), &weights)
                .args(["test", "--doc", "--release"])
                .args(NATIVE),
        )
    })?;
    if full {
        checks::documentation(workspace)?;
        step("end to end", || totals.add(Runner::Node, &mut end_to_end(workspace, &weights)))?;
    }
    Ok(())
}

/// The weights the tests use, fetched by the program under test.
pub(crate) fn weights(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.root().join("target").join("weights");
    step("weights", || {
        process::run(
            Command::new(workspace.server_binary())
                .args(["model", "fetch", TEST_MODEL, "--to"])
                .arg(&folder)
                .current_dir(workspace.root()),
        )
    })?;
    files_below(&folder, &["gguf"])?
        .into_iter()
        .next()
        .with_context(|| format!("no .gguf file in {}", folder.display()))
}

/// Tells the tests where the weights are, and keeps llama.cpp's spinning threads from starving
/// everything else on a small machine.
fn with_weights<'a>(command: &'a mut Command, weights: &Path) -> &'a mut Command {
    command.env("DOMOVOI_TEST_WEIGHTS", weights).env("DOMOVOI_TEST_THREADS", "1")
}

/// Node's own test runner over `end2end`: a file for each core at a time, as each has servers, folders and a
/// browser of its own and waits for them half of its time. More than a few want more memory than there may be.
fn end_to_end(workspace: &Workspace, weights: &Path) -> Command {
    let files = thread::available_parallelism().map_or(1, usize::from).min(4);
    let mut command = Command::new("node");
    command
        .args(["--test", "--test-timeout=600000", "--test-reporter=spec"])
        .arg(format!("--test-concurrency={files}"))
        .current_dir(workspace.path("end2end"))
        .env("DOMOVOI_TEST_BINARY", workspace.server_binary());
    with_weights(&mut command, weights);
    command
}
