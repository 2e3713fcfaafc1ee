//! Structured logs on standard error; never message text, never secrets.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

/// Starts logging.
///
/// # Errors
/// Fails where the level or filters cannot be read.
pub(crate) fn start(config: &LogConfig) -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_new(&config.level)
        .map_err(|error| format!("the log level `{}` cannot be used: {error}", config.level))?
        // This crate logs what it cannot parse, which may be what somebody said.
        .add_directive("async_openai=off".parse()?);
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_target(false);
    match config.format {
        LogFormat::Text => subscriber.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).init(),
        LogFormat::Json => subscriber.json().init(),
    }
    Ok(())
}
