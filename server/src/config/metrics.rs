//! `[metrics]`: who may read the figures.

use serde::Deserialize;

/// Figures for Prometheus, at `/metrics`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MetricsConfig {
    /// `loopback` (default), `anyone` or `nobody`.
    pub access: MetricsAccess,
}

/// Who may read the figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsAccess {
    /// Programs on this machine that ask directly; a proxy's requests are somebody else's.
    #[default]
    Loopback,
    /// Everybody who can reach the server.
    Anyone,
    /// Nobody.
    Nobody,
}
