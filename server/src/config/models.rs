//! `[providers]`, `[models]`, `[prices]`, `[limits]`, `[gateway]`: who answers under which name,
//! and what it may cost.

use std::{collections::BTreeMap, fmt, fs, path::PathBuf, time::Duration};

use domovoi_models::gateway::Keep;
use serde::{
    Deserialize, Deserializer,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use super::{ConfigError, load::variable};

/// An OpenAI-compatible endpoint.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ProviderConfig {
    /// Its address, up to and with `/v1`. Default: OpenAI's, for the provider `openai`.
    pub base_url: Option<String>,
    /// The variable that holds its key.
    pub api_key_env: Option<String>,
    /// A file that holds its key, on the first line.
    pub api_key_file: Option<PathBuf>,
    /// What it does not tell of its models, by their names.
    pub models: BTreeMap<String, ModelFacts>,
}

/// What an endpoint does not tell of a model.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ModelFacts {
    /// Tokens of conversation and answer together. Default: unknown.
    pub context_tokens: Option<u32>,
    /// Whether it can look at images. Default: yes.
    pub images: Option<bool>,
}

/// Models that are tried in order: a list of names, or a table with the list as `try`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RouteConfig {
    /// `embedded`, or `provider/model`.
    pub targets: Vec<String>,
    /// How often a model is asked again that failed for a reason that may pass. Default: 2.
    pub retries: Option<usize>,
    /// Longest wait before a retry. Default: 20.
    pub longest_wait_seconds: Option<u64>,
    /// How long a model may think before its first token. Default: for ever.
    pub first_token_seconds: Option<u64>,
    /// How long an answer is given again to the same question. Default: not at all.
    pub cache_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteTable {
    r#try: Vec<String>,
    retries: Option<usize>,
    longest_wait_seconds: Option<u64>,
    first_token_seconds: Option<u64>,
    cache_seconds: Option<u64>,
}

impl<'de> Deserialize<'de> for RouteConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrTable;

        impl<'de> Visitor<'de> for ListOrTable {
            type Value = RouteConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of models such as [\"openai/gpt-5\", \"embedded\"], or a table with the list as `try`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<RouteConfig, A::Error> {
                let targets = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(RouteConfig { targets, ..RouteConfig::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<RouteConfig, A::Error> {
                let table = RouteTable::deserialize(MapAccessDeserializer::new(table))?;
                Ok(RouteConfig {
                    targets: table.r#try,
                    retries: table.retries,
                    longest_wait_seconds: table.longest_wait_seconds,
                    first_token_seconds: table.first_token_seconds,
                    cache_seconds: table.cache_seconds,
                })
            }
        }

        deserializer.deserialize_any(ListOrTable)
    }
}

/// How much of the log of requests is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GatewayConfig {
    /// Days. Default: 90.
    pub keep_days: u64,
    /// Requests. Default: 100000.
    pub keep_requests: u64,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self { keep_days: 90, keep_requests: 100_000 }
    }
}

impl GatewayConfig {
    pub(crate) fn keep(&self) -> Keep {
        let age = Duration::from_secs(self.keep_days.saturating_mul(24 * 60 * 60));
        Keep { max_age: Some(age), max_entries: Some(self.keep_requests), whole_month: false }
    }
}

impl ProviderConfig {
    /// The endpoint's key; none where none is configured.
    ///
    /// # Errors
    /// [`ConfigError::NoKey`] where the variable is not set, [`ConfigError::Read`] where the file
    /// cannot be read.
    pub fn api_key(&self, provider: &str) -> Result<Option<String>, ConfigError> {
        if let Some(name) = &self.api_key_env {
            return variable(name).map(Some).ok_or_else(|| ConfigError::NoKey {
                provider: provider.to_owned(),
                variable: name.clone(),
            });
        }
        self.api_key_file.as_ref().map(first_line).transpose()
    }
}

/// The first line of a file that holds a key.
pub(super) fn first_line(path: &PathBuf) -> Result<String, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.clone(), source })?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_route_is_a_list_or_a_table() {
        let config = Config::parse(
            r#"
            [models]
            fast = ["openai/gpt-x", "embedded"]
            [models.careful]
            try = ["openai/gpt-y"]
            retries = 0
            first_token_seconds = 30
            "#,
        )
        .unwrap();
        assert_eq!(config.models["fast"].targets, ["openai/gpt-x", "embedded"]);
        assert_eq!(config.models["careful"].targets, ["openai/gpt-y"]);
        assert_eq!(config.models["careful"].retries, Some(0));
        assert_eq!(config.models["careful"].first_token_seconds, Some(30));
    }

    #[test]
    fn the_guides_configurations_can_be_used() {
        let mut blocks = 0;
        for page in [
            include_str!("../../../docs/guide/gateway.md"),
            include_str!("../../../docs/guide/models.md"),
            include_str!("../../../docs/guide/openid.md"),
        ] {
            for block in page.split("```toml\n").skip(1) {
                let text = block.split("```").next().unwrap_or_default();
                Config::parse(text).unwrap();
                blocks += 1;
            }
        }
        assert!(blocks >= 9, "the pages show configurations");
    }

    #[test]
    fn a_mistake_in_a_route_is_named_with_its_line() {
        for (text, expected) in [
            ("[models.fast]\ntry = []\nretrys = 1\n", "retrys"),
            ("[models.fast]\nretries = 1\n", "try"),
            ("[models]\nfast = 3\n", "a list of models"),
            ("[limits.user]\nrequests = 3\n", "requests_per_day"),
        ] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("line "), "{error}");
        }
    }
}
