//! `cargo xtask`: what the README's two commands call, and the steps between.
//!
//! - [`setup`]: what must be installed, and installing it where that is allowed
//! - [`css`], [`class_scan`]: the stylesheet
//! - [`bundle`], [`compress`]: from WebAssembly to hashed, compressed files and a manifest
//! - [`build`]: web assets, then the server
//! - [`run`], [`dev`]: start it, once or at each change
//! - [`bench`]: the promised figures, measured
//! - [`test`], [`checks`], [`totals`]: everything that must hold, and counting it
//! - [`process`], [`progress`], [`source_files`], [`workspace`]: running programs, telling
//!   about it, finding files
#![allow(clippy::print_stdout, clippy::print_stderr)] // a command-line tool talks to its user

mod bench;
mod build;
mod bundle;
mod checks;
mod class_scan;
mod compress;
mod css;
mod dev;
mod panic_paths;
mod process;
mod progress;
mod run;
mod setup;
mod short_names;
mod shrink;
mod source_files;
mod strip;
mod test;
mod totals;
mod workspace;

use std::{ffi::OsString, fmt, process::ExitCode};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::{
    bench::{Depth, Part},
    compress::Effort,
    test::Extent,
    workspace::Workspace,
};

/// Set up, build, run and test Domovoi.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// One task.
#[derive(Debug, Subcommand)]
enum Task {
    /// Install what is missing, build, and start the server
    Run(Serve),
    /// Like run, and again at each change of a source file
    Dev(Serve),
    /// Build the web assets and the server's binary
    Build {
        /// Leave the embedded model out: needs no cmake and no clang
        #[arg(long)]
        no_embedded_model: bool,
    },
    /// Build the web assets alone, into target/dist
    Assets,
    /// Formatting, lints, dependency checks, all tests; ends with the totals
    Test {
        /// Leave out dependency checks, documentation and browser tests
        #[arg(long)]
        quick: bool,
    },
    /// Formatting, lints and dependency checks
    Lint,
    /// Measure size, start, speed and load, and compare them with what is promised
    Bench {
        /// Measure this part alone
        part: Option<Part>,
        /// Few rounds of few operations: to see that it works
        #[arg(long, conflicts_with = "save")]
        quick: bool,
        /// Write docs/benchmarks.md
        #[arg(long)]
        save: bool,
    },
}

/// How to build and start the server.
#[derive(Debug, Args)]
struct Serve {
    /// Leave the embedded model out: needs no cmake and no clang
    #[arg(long)]
    no_embedded_model: bool,
    /// Flags for `domovoi serve`, after `--`
    #[arg(last = true)]
    flags: Vec<OsString>,
}

/// An error whose message was printed where it belongs.
#[derive(Debug)]
struct AlreadyTold;

impl fmt::Display for AlreadyTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("see above")
    }
}

impl std::error::Error for AlreadyTold {}

fn main() -> ExitCode {
    match perform(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<AlreadyTold>() {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    let workspace = Workspace::find()?;
    match task {
        Task::Run(serve) => run::run(&workspace, !serve.no_embedded_model, &serve.flags),
        Task::Dev(serve) => dev::dev(&workspace, !serve.no_embedded_model, &serve.flags),
        Task::Build { no_embedded_model } => run::build_if_changed(&workspace, !no_embedded_model),
        Task::Assets => {
            setup::wasm_target(&workspace)?;
            build::assets(&workspace, Effort::Best).map(drop)
        }
        Task::Test { quick } => {
            let extent = if quick { Extent::Quick } else { Extent::Full };
            test::test(&workspace, extent)
        }
        Task::Bench { part, quick, save } => {
            let depth = if quick { Depth::Quick } else { Depth::Full };
            bench::bench(&workspace, part, depth, save)
        }
        Task::Lint => {
            checks::formatting(&workspace)?;
            checks::lints(&workspace)?;
            checks::dependencies(&workspace, &setup::cargo_tools(&workspace)?)
        }
    }
}
