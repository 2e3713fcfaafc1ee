//! The model on this machine, and the progress of getting a model ready.

use std::{io::IsTerminal, sync::Arc, time::Duration};

use domovoi_models::{LanguageModel, ModelReadiness, ModelStatus};
use tokio::sync::watch;

use crate::{ServeError, config::Config};

/// The model on this machine; with `unload_after` it is in memory only while it is asked, and so long
/// afterwards.
#[cfg(feature = "embedded-model")]
pub(crate) fn embedded(
    config: &Config,
    unload_after: Option<Duration>,
) -> Result<Arc<dyn LanguageModel>, ServeError> {
    use domovoi_models::embedded::{EmbeddedConfig, EmbeddedModel, WorkerCommand};
    let mut embedded = EmbeddedConfig::new(WorkerCommand::this_program()?, &config.data_dir);
    embedded.weights = config.model.weights();
    embedded.threads = config.model.threads;
    embedded.context_tokens = config.model.context_tokens;
    embedded.unload_after = unload_after;
    Ok(Arc::new(EmbeddedModel::start(embedded)))
}

/// There is no model on this machine.
#[cfg(not(feature = "embedded-model"))]
pub(crate) fn embedded(
    _config: &Config,
    _unload_after: Option<Duration>,
) -> Result<Arc<dyn LanguageModel>, ServeError> {
    Err(crate::config::ConfigError::NoEmbeddedModel.into())
}

/// Logs how the model is getting ready, until the model is gone.
pub(crate) async fn log_progress(mut status: watch::Receiver<ModelStatus>) {
    let mut line = ProgressLine::new();
    let mut told = None;
    loop {
        let current = status.borrow_and_update().clone();
        if told.as_ref() != Some(&current) {
            tell(&mut line, &current);
            told = Some(current);
        }
        if status.changed().await.is_err() {
            return;
        }
    }
}

fn tell(line: &mut ProgressLine, ModelStatus { name, readiness, .. }: &ModelStatus) {
    if let ModelReadiness::Downloading { received_bytes, total_bytes, seconds_left } = readiness {
        return line.show(name, *received_bytes, *total_bytes, *seconds_left);
    }
    line.end();
    match readiness {
        ModelReadiness::Loading => tracing::info!(model = name, "loading the model"),
        ModelReadiness::Ready => tracing::info!(model = name, "the model is ready"),
        ModelReadiness::Failed { message } => {
            tracing::warn!(model = name, "the model cannot be used: {message}");
        }
        _ => {}
    }
}

/// A line of progress: redrawn in a terminal, a line every tenth elsewhere.
pub(crate) struct ProgressLine {
    redraw: bool,
    shown_tenths: Option<u64>,
}

impl ProgressLine {
    pub(crate) fn new() -> Self {
        Self { redraw: std::io::stderr().is_terminal(), shown_tenths: None }
    }

    #[allow(clippy::print_stderr, reason = "progress is for the person at the terminal")]
    pub(crate) fn show(&mut self, name: &str, received: u64, total: u64, seconds: Option<u64>) {
        const MEGABYTE: f64 = 1_000_000.0;
        let tenths = received * 10 / total.max(1);
        if !self.redraw && self.shown_tenths == Some(tenths) {
            return;
        }
        self.shown_tenths = Some(tenths);
        let (received, total) = (received as f64 / MEGABYTE, total as f64 / MEGABYTE);
        let left = seconds.map(|s| format!(", {}:{:02} left", s / 60, s % 60)).unwrap_or_default();
        let text = format!("downloading {name}: {received:.1} of {total:.1} MB{left}");
        if self.redraw {
            eprint!("\r\x1b[K{text}");
        } else {
            eprintln!("{text}");
        }
    }

    #[allow(clippy::print_stderr, reason = "progress is for the person at the terminal")]
    pub(crate) fn end(&mut self) {
        if self.redraw && self.shown_tenths.take().is_some() {
            eprintln!();
        }
    }
}
