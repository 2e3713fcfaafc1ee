//! The gateway the configuration describes: endpoints, routes, limits, the log in the data folder.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use domovoi_agents::gateway::SqliteGatewayStore;
use domovoi_models::{
    LanguageModel,
    gateway::{Gateway, Route, Target},
    openai::{OpenAiConfig, OpenAiModel},
};

use crate::{
    ServeError,
    config::{Config, ConfigError, Provider, ProviderConfig, RouteConfig},
    model,
};

/// The route that answers where no other is named.
pub(crate) const DEFAULT_ROUTE: &str = "default";
/// What the model on this machine is called in routes and in the log.
const EMBEDDED: &str = "embedded";
/// How long the model on this machine stays in memory after an answer, where it is only what others
/// fall back on.
const FALLBACK_STAYS: Duration = Duration::from_secs(10 * 60);
/// The provider `[model]` speaks of, and where it is when nothing says so.
pub(crate) const OPENAI: (&str, &str) = ("openai", "https://api.openai.com/v1");

/// The gateway, with its log in `folder`.
pub(crate) fn open(config: &Config, folder: &Path) -> Result<Gateway, ServeError> {
    let store = SqliteGatewayStore::open(&folder.join(SqliteGatewayStore::FILE))?;
    let mut models = Models { config, embedded: None };
    let mut gateway = Gateway::builder()
        .store(Arc::new(store))
        .limits(config.limits.clone())
        .keep(config.gateway.keep());
    if !config.models.contains_key(DEFAULT_ROUTE) {
        gateway = gateway.route(DEFAULT_ROUTE, Route::new([models.default()?]));
    }
    for (name, route) in &config.models {
        gateway = gateway.route(name, models.route(name, route)?);
    }
    let gateway = gateway.build();
    gateway.prune(&config.gateway.keep()).map_err(ServeError::Gateway)?;
    Ok(gateway)
}

/// Makes models; the one on this machine is made once.
struct Models<'a> {
    config: &'a Config,
    embedded: Option<Arc<dyn LanguageModel>>,
}

impl Models<'_> {
    fn route(&mut self, name: &str, route: &RouteConfig) -> Result<Route, ServeError> {
        if route.targets.is_empty() {
            return Err(ConfigError::EmptyRoute(name.to_owned()).into());
        }
        let targets: Vec<Target> = route
            .targets
            .iter()
            .map(|target| self.target(name, target))
            .collect::<Result<_, _>>()?;
        let mut built = Route::new(targets);
        if let Some(retries) = route.retries {
            built = built.retries(retries);
        }
        if let Some(seconds) = route.longest_wait_seconds {
            built = built.longest_wait(Duration::from_secs(seconds));
        }
        if let Some(seconds) = route.first_token_seconds {
            built = built.first_token_timeout(Duration::from_secs(seconds));
        }
        Ok(built.cache_ttl(Duration::from_secs(route.cache_seconds.unwrap_or_default())))
    }

    fn target(&mut self, route: &str, name: &str) -> Result<Target, ServeError> {
        if name == EMBEDDED {
            let model = match &self.embedded {
                Some(model) => Arc::clone(model),
                None => {
                    let unload_after = is_fallback_only(self.config).then_some(FALLBACK_STAYS);
                    let model = model::embedded(self.config, unload_after)?;
                    Arc::clone(self.embedded.insert(model))
                }
            };
            return Ok(self.priced(name, model));
        }
        let unknown = || ConfigError::UnknownTarget {
            route: route.to_owned(),
            target: name.to_owned(),
            providers: known(&self.config.providers),
        };
        let (provider, model) = name.split_once('/').ok_or_else(unknown)?;
        let endpoint = self.config.providers.get(provider).ok_or_else(unknown)?;
        let base_url = match &endpoint.base_url {
            Some(base_url) => base_url.clone(),
            None if provider == OPENAI.0 => OPENAI.1.to_owned(),
            None => return Err(ConfigError::NoAddress(provider.to_owned()).into()),
        };
        let api_key = endpoint.api_key(provider)?;
        let mut built =
            OpenAiModel::new(OpenAiConfig { base_url, api_key, model: model.to_owned() })?;
        if let Some(facts) = endpoint.models.get(model) {
            built = built.with_images(facts.images.unwrap_or(true));
            if let Some(tokens) = facts.context_tokens {
                built = built.with_context_window(tokens);
            }
        }
        Ok(self.priced(name, Arc::new(built)))
    }

    /// What `[model]` says, under the name it would have in a route.
    fn default(&mut self) -> Result<Target, ServeError> {
        let config = &self.config.model;
        match config.provider() {
            Provider::OpenAi => {
                let model = config.name.clone().ok_or(ConfigError::NoModelName)?;
                let name = format!("{}/{model}", OPENAI.0);
                let base_url = config.base_url.clone().unwrap_or_else(|| OPENAI.1.to_owned());
                let api_key = config.api_key()?;
                let model = OpenAiModel::new(OpenAiConfig { base_url, api_key, model })?;
                Ok(self.priced(&name, Arc::new(model)))
            }
            Provider::Embedded => self.target(DEFAULT_ROUTE, EMBEDDED),
        }
    }

    fn priced(&self, name: &str, model: Arc<dyn LanguageModel>) -> Target {
        let price = self.config.prices.get(name).copied().unwrap_or_default();
        Target::new(name, model).price(price)
    }
}

/// Whether no route asks the model on this machine first.
fn is_fallback_only(config: &Config) -> bool {
    let is_default =
        !config.models.contains_key(DEFAULT_ROUTE) && config.model.provider() == Provider::Embedded;
    let is_first = |route: &RouteConfig| route.targets.first().is_some_and(|name| name == EMBEDDED);
    !is_default && !config.models.values().any(is_first)
}

fn known(providers: &BTreeMap<String, ProviderConfig>) -> String {
    providers
        .keys()
        .map(|name| format!("{name}/…"))
        .chain([EMBEDDED.to_owned()])
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_model_is_a_fallback_where_no_route_begins_with_it() {
        for (config, expected) in [
            ("", false),
            ("[models]\ndefault = ['embedded', 'far/x']", false),
            ("[models]\ndefault = ['far/x', 'embedded']", true),
            ("[models]\ndefault = ['far/x', 'embedded']\nnear = ['embedded']", false),
            // What `[model]` says is the route nobody wrote.
            ("[models]\nfast = ['far/x', 'embedded']", false),
            ("[model]\nname = 'gpt'\n[models]\nfast = ['far/x', 'embedded']", true),
        ] {
            assert_eq!(is_fallback_only(&Config::parse(config).unwrap()), expected, "{config}");
        }
    }
}
