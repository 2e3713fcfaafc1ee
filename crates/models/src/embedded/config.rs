//! What there is to choose about the embedded model.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::weights::{WeightsChoice, WeightsFinder};

/// How to run the embedded model.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EmbeddedConfig {
    /// The program that calls [`worker::run`](crate::worker::run).
    pub worker: WorkerCommand,
    /// Which weights to use.
    pub weights: WeightsChoice,
    /// Where weights are and how they are fetched.
    pub finder: WeightsFinder,
    /// Threads that compute. By default all cores but one: llama.cpp's threads spin, and with no
    /// core to spare the model becomes many times slower.
    pub threads: Option<usize>,
    /// Tokens of conversation and answer together; at most what the model was trained for.
    /// By default 4096.
    pub context_tokens: Option<u32>,
    /// Requests that may wait behind the one that is answered. By default 8.
    pub max_queue: usize,
    /// For a model that answers only where others fail: weights are found, and fetched, at once, but
    /// loaded by the first request, and given up when nobody has asked for this long. By default they
    /// are loaded at once and kept.
    pub unload_after: Option<Duration>,
}

impl EmbeddedConfig {
    /// The usual configuration: automatic weights, kept below `data_dir`.
    pub fn new(worker: WorkerCommand, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            worker,
            weights: WeightsChoice::Auto,
            finder: WeightsFinder::new(data_dir),
            threads: None,
            context_tokens: None,
            max_queue: 8,
            unload_after: None,
        }
    }
}

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

impl WorkerCommand {
    /// A program with these arguments.
    pub fn new(
        program: impl Into<PathBuf>,
        args: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        Self { program: program.into(), args: args.into_iter().map(Into::into).collect() }
    }

    /// This very program with the argument `model-worker`.
    ///
    /// # Errors
    /// Fails where the operating system does not tell where this program is.
    pub fn this_program() -> io::Result<Self> {
        Ok(Self::new(std::env::current_exe()?, ["model-worker"]))
    }
}
