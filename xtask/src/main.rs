//! `cargo xtask`: what the README's two commands call, and the steps between.
//!
//! - [`setup`]: what must be installed, and installing it where that is allowed
//! - [`css`], [`class_scan`]: the stylesheet
//! - [`bundle`], [`compress`]: from WebAssembly to hashed, compressed files and a manifest
//! - [`build`]: web assets, then the server
//! - [`process`], [`progress`], [`source_files`], [`workspace`]: running programs, telling about it, finding files
#![allow(clippy::print_stdout, clippy::print_stderr)] // a command-line tool talks to its user

mod build;
mod bundle;
mod class_scan;
mod compress;
mod css;
mod process;
mod progress;
mod source_files;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{compress::Effort, workspace::Workspace};

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
    /// Build the web assets alone, into target/dist
    Assets,
    /// Build the web assets and the server's binary
    Build,
}

fn main() -> ExitCode {
    match perform(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    let workspace = Workspace::find()?;
    match task {
        Task::Assets => build::assets(&workspace, Effort::Best).map(drop),
        Task::Build => {
            build::assets(&workspace, Effort::Best)?;
            build::server(&workspace, true)
        }
    }
}
