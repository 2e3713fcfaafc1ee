//! A WebAssembly module made smaller on the wire, by passes of Binaryen's `wasm-opt` (npm's `binaryen`,
//! `xtask/package.json`).

use std::{fs, process::Command};

use anyhow::{Context, Result};

use crate::{process, workspace::Workspace};

/// What rustc's modules use.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// What makes a module smaller after brotli. `-Oz` as a whole makes it 5 % larger there, while it is 18 % smaller
/// before: it makes functions that were alike differ. Functions with like names are alike, so they stand side by side.
const PASSES: [&str; 17] = [
    "--optimize-level=2",
    "--shrink-level=2",
    "--duplicate-function-elimination",
    "--dae",
    "--optimize-instructions",
    "--precompute",
    "--simplify-locals-notee-nostructure",
    "--vacuum",
    "--merge-blocks",
    "--remove-unused-names",
    "--reorder-locals",
    "--rse",
    "--precompute-propagate",
    "--duplicate-function-elimination",
    "--remove-unused-module-elements",
    "--reorder-functions-by-name",
    "--strip-debug",
];

/// The smaller module, without the names of its functions. `name` tells it from those that are made at the same time.
pub(crate) fn shrink(workspace: &Workspace, name: &str, module: &[u8]) -> Result<Vec<u8>> {
    let file = |state: &str| workspace.scratch().join(format!("{name}.{state}.wasm"));
    let (before, after) = (file("large"), file("small"));
    fs::write(&before, module).with_context(|| format!("writing {}", before.display()))?;
    process::run(
        Command::new("node")
            .arg(workspace.path("xtask/node_modules/binaryen/bin/wasm-opt"))
            .args(FEATURES)
            .args(PASSES)
            .arg(&before)
            .arg("--output")
            .arg(&after),
    )?;
    fs::read(&after).with_context(|| format!("reading {}", after.display()))
}
