//! `domovoi.toml`, `DOMOVOI_*` variables and flags, in rising order of precedence.

mod error;
mod load;
mod metrics;
mod models;
mod openid;
mod public_url;
mod telemetry;
mod tools;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use domovoi_agents::Durability;
use domovoi_models::{
    gateway::{Limits, Price},
    weights::WeightsChoice,
};
use serde::{Deserialize, Deserializer};

pub use error::ConfigError;
pub use load::Overrides;
pub use metrics::{MetricsAccess, MetricsConfig};
pub use models::{GatewayConfig, ModelFacts, ProviderConfig, RouteConfig};
pub use openid::OpenIdConfig;
pub use public_url::PublicUrl;
pub use telemetry::TelemetryConfig;
pub use tools::BuiltinTool;

use load::variable;

/// Everything there is to configure. Every key may be left out.
///
/// ```
/// let config = domovoi::config::Config::parse(r#"
///     listen = "127.0.0.1:9000"
///     [model]
///     name = "gpt-4.1-mini"
///     base_url = "https://api.openai.com/v1"
/// "#).unwrap();
/// assert_eq!(config.listen.port(), 9000);
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Address to listen on. Default: `127.0.0.1:8787`. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Folder for everything that is kept. Default: the system's folder for a person's data.
    pub data_dir: PathBuf,
    /// Origins of other web pages that may talk to the agents, such as `http://localhost:5173`.
    pub allowed_origins: Vec<String>,
    /// Names this server is called by besides loopback ones, where a proxy stands before it.
    pub allowed_hosts: Vec<String>,
    /// The address people know this server by, such as `https://chat.example.com`, where they come
    /// by another than it listens on. With `https` cookies are sent by TLS only.
    pub public_url: Option<PublicUrl>,
    /// What an acknowledged write survives: `process` (default) or `power`.
    #[serde(deserialize_with = "durability")]
    pub durability: Durability,
    /// How long running answers may go on after a request to stop, in seconds; what is cut off
    /// then is in the journal. Default: 5.
    pub grace_seconds: u64,
    /// Instructions for the assistant, put before every conversation.
    pub instructions: String,
    /// Tools the assistant comes with, where the model may use tools at all. Default: all.
    pub builtin_tools: Vec<BuiltinTool>,
    /// The model that answers where `models` has no `default`.
    pub model: ModelConfig,
    /// OpenAI-compatible endpoints by the names that `models` calls them.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// Which models are tried, in which order, by the name that agents ask for.
    pub models: BTreeMap<String, RouteConfig>,
    /// What a million tokens cost, by `provider/model`.
    pub prices: BTreeMap<String, Price>,
    /// What people and agents may use in a day.
    pub limits: Limits,
    /// The log of requests.
    pub gateway: GatewayConfig,
    /// How many days what somebody kept stays in the data folder after they were removed. Default: 30.
    pub keep_removed_days: u32,
    /// Signing in at an identity provider, beside accounts with a password.
    pub openid: Option<OpenIdConfig>,
    /// Figures for Prometheus.
    pub metrics: MetricsConfig,
    /// Logs.
    pub log: LogConfig,
    /// Traces for OpenTelemetry.
    pub telemetry: TelemetryConfig,
}

/// The model that answers. With nothing configured it is the embedded one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ModelConfig {
    /// `embedded` or `openai`; by default `openai` where `name` or `base_url` is set.
    pub provider: Option<Provider>,
    /// The model's name at an OpenAI-compatible endpoint. Variable: `DOMOVOI_MODEL`.
    pub name: Option<String>,
    /// The endpoint, up to and with `/v1`. Variable: `OPENAI_BASE_URL`.
    pub base_url: Option<String>,
    /// A file that holds the endpoint's key. The variable `OPENAI_API_KEY` goes before it.
    pub api_key_file: Option<PathBuf>,
    /// Weights of the embedded model: `auto`, an id of the catalogue, or the path of a GGUF file.
    pub weights: Option<String>,
    /// Threads of the embedded model. Default: all cores but one.
    pub threads: Option<usize>,
    /// Tokens of conversation and answer that the embedded model keeps in mind. Default: 4096.
    pub context_tokens: Option<u32>,
    /// Whether the model may use tools. Default: yes at an endpoint, no for the embedded model.
    pub tools: Option<bool>,
}

/// Where a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// On this machine, in a child process.
    Embedded,
    /// At an OpenAI-compatible endpoint.
    OpenAi,
}

/// Logs, on standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LogConfig {
    /// `text` (default) or `json`.
    pub format: LogFormat,
    /// A level, or filters such as `info,domovoi_agents=debug`. Default: `info`.
    pub level: String,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)),
            data_dir: default_data_dir(),
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            public_url: None,
            durability: Durability::default(),
            grace_seconds: 5,
            instructions: INSTRUCTIONS.to_owned(),
            builtin_tools: BuiltinTool::ALL.to_vec(),
            model: ModelConfig::default(),
            providers: BTreeMap::new(),
            models: BTreeMap::new(),
            prices: BTreeMap::new(),
            limits: Limits::default(),
            gateway: GatewayConfig::default(),
            keep_removed_days: 30,
            openid: None,
            metrics: MetricsConfig::default(),
            log: LogConfig::default(),
            telemetry: TelemetryConfig::default(),
        }
    }
}

const INSTRUCTIONS: &str = "You are Domovoi, a helpful assistant that runs on the person's own \
    machine. Answer clearly and briefly. Use Markdown where it helps.";

fn default_data_dir() -> PathBuf {
    dirs::data_dir().map_or_else(|| PathBuf::from("domovoi-data"), |dir| dir.join("domovoi"))
}

fn durability<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Durability, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Name {
        Process,
        Power,
    }
    Ok(match Name::deserialize(deserializer)? {
        Name::Process => Durability::Process,
        Name::Power => Durability::Power,
    })
}

impl Config {
    /// Whether the model of a route may use tools: by default where it is at an endpoint.
    #[must_use]
    pub fn uses_tools(&self, route: &str) -> bool {
        let is_at_endpoint = || match self.models.get(route) {
            Some(route) => route.targets.first().is_some_and(|target| target.contains('/')),
            None => self.model.provider() == Provider::OpenAi,
        };
        self.model.tools.unwrap_or_else(is_at_endpoint)
    }
}

impl ModelConfig {
    /// Where the model runs.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.provider.unwrap_or(if self.name.is_some() || self.base_url.is_some() {
            Provider::OpenAi
        } else {
            Provider::Embedded
        })
    }

    /// The weights of the embedded model.
    #[must_use]
    pub fn weights(&self) -> WeightsChoice {
        let weights = self.weights.as_deref().map(str::parse);
        weights.and_then(Result::ok).unwrap_or_default()
    }

    /// The endpoint's key: the variable `OPENAI_API_KEY`, or the file's first line.
    ///
    /// # Errors
    /// [`ConfigError::Read`] where the file cannot be read.
    pub fn api_key(&self) -> Result<Option<String>, ConfigError> {
        if let Some(key) = variable("OPENAI_API_KEY") {
            return Ok(Some(key));
        }
        self.api_key_file.as_ref().map(models::first_line).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_key_is_named_with_its_line() {
        let error = Config::parse("listen = '127.0.0.1:1'\n[model]\nnmae = 'x'\n").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("line 3") && text.contains("nmae") && text.contains("name"),
            "{text}"
        );
    }

    #[test]
    fn a_tool_that_does_not_exist_is_named_with_those_that_do() {
        let config = Config::parse("builtin_tools = ['time', 'fetch_page']").unwrap();
        assert_eq!(config.builtin_tools, [BuiltinTool::Time, BuiltinTool::FetchPage]);
        let error = Config::parse("builtin_tools = ['tiem']").unwrap_err().to_string();
        assert!(error.contains("tiem") && error.contains("calculator"), "{error}");
    }

    #[test]
    fn an_endpoint_is_chosen_by_naming_it() {
        let provider = |text| Config::parse(text).unwrap().model.provider();
        assert_eq!(provider(""), Provider::Embedded);
        assert_eq!(provider("[model]\nname = 'gpt'"), Provider::OpenAi);
        assert_eq!(provider("[model]\nname = 'gpt'\nprovider = 'embedded'"), Provider::Embedded);
    }
}
