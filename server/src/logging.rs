//! Structured logs on standard error; never message text, never secrets.

use std::io;

use tracing_subscriber::{
    EnvFilter, Layer, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

use crate::{
    config::{LogConfig, LogFormat},
    telemetry::{TARGET, Telemetry},
};

/// Starts logging, and collecting spans where they are sent somewhere.
///
/// # Errors
/// Fails where the level or filters cannot be read.
pub(crate) fn start(
    config: &LogConfig,
    telemetry: Option<&Telemetry>,
) -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_new(&config.level)
        .map_err(|error| format!("the log level `{}` cannot be used: {error}", config.level))?
        // This crate logs what it cannot parse, which may be what somebody said.
        .add_directive("async_openai=off".parse()?)
        // Spans for collectors are no words for people.
        .add_directive(format!("{TARGET}=off").parse()?);
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    let lines = match config.format {
        LogFormat::Text => {
            lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).with_filter(filter).boxed()
        }
        LogFormat::Json => lines.json().with_filter(filter).boxed(),
    };
    registry().with(lines).with(telemetry.map(Telemetry::layer)).init();
    Ok(())
}
