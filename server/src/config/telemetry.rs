//! `[telemetry]`: traces for OpenTelemetry.

use serde::Deserialize;

/// Traces for OpenTelemetry, by OTLP over HTTP. They have no message text.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TelemetryConfig {
    /// A collector's address, such as `http://127.0.0.1:4318`. Default: none, and nothing is sent.
    pub endpoint: Option<String>,
    /// What this server is called there. Default: `domovoi`.
    pub service_name: String,
    /// Which share of all traces is sent, from 0 to 1. Default: 1.
    pub share: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { endpoint: None, service_name: "domovoi".to_owned(), share: 1.0 }
    }
}
