//! Which models stand behind a name, and the model an agent gets for it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{Gateway, answer};
use crate::{LanguageModel, ModelError, ModelRequest, ModelStatus, ModelStream, Usage};

/// Retries where nothing else is said.
const DEFAULT_RETRIES: usize = 2;
/// A person in front of a chat waits this long for a retry.
const DEFAULT_LONGEST_WAIT: Duration = Duration::from_secs(20);

/// A model of a route.
#[derive(Clone)]
pub struct Target {
    pub(super) name: String,
    pub(super) model: Arc<dyn LanguageModel>,
    pub(super) price: Price,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Target {
    /// A model under the name it has in the log, `provider/model` by custom.
    #[must_use]
    pub fn new(name: impl Into<String>, model: Arc<dyn LanguageModel>) -> Self {
        Self { name: name.into(), model, price: Price::default() }
    }

    /// What its tokens cost. Default: nothing.
    #[must_use]
    pub fn price(mut self, price: Price) -> Self {
        self.price = price;
        self
    }
}

/// What a model costs, in whatever currency all prices are in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Price {
    /// A million tokens of requests.
    pub input: f64,
    /// A million tokens of answers.
    pub output: f64,
}

impl Price {
    /// What this much costs.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "nobody uses 2^53 tokens")]
    pub fn of(&self, usage: Usage) -> f64 {
        (usage.input_tokens as f64 * self.input + usage.output_tokens as f64 * self.output) / 1e6
    }
}

/// Models that are tried in order until one begins to answer.
#[derive(Debug, Clone)]
pub struct Route {
    pub(super) targets: Vec<Target>,
    pub(super) retries: usize,
    pub(super) longest_wait: Duration,
    pub(super) first_token_timeout: Option<Duration>,
    pub(super) cache_ttl: Duration,
}

impl Route {
    /// A route to these models, the preferred one first.
    #[must_use]
    pub fn new(targets: impl IntoIterator<Item = Target>) -> Self {
        Self {
            targets: targets.into_iter().collect(),
            retries: DEFAULT_RETRIES,
            longest_wait: DEFAULT_LONGEST_WAIT,
            first_token_timeout: None,
            cache_ttl: Duration::ZERO,
        }
    }

    /// How often a model is asked again that failed for a reason that may pass. Default: 2.
    #[must_use]
    pub fn retries(mut self, retries: usize) -> Self {
        self.retries = retries;
        self
    }

    /// Longest wait before a retry, also where the provider wants a longer one: then the request
    /// fails, or the next model is tried. Default: 20 seconds.
    #[must_use]
    pub fn longest_wait(mut self, longest_wait: Duration) -> Self {
        self.longest_wait = longest_wait;
        self
    }

    /// How long a model may think before its first token. Default: for ever.
    #[must_use]
    pub fn first_token_timeout(mut self, timeout: Duration) -> Self {
        self.first_token_timeout = Some(timeout);
        self
    }

    /// How long an answer is given again to the same question, where the request does not say.
    /// Default: not at all.
    #[must_use]
    pub fn cache_ttl(mut self, ttl: Duration) -> Self {
        self.cache_ttl = ttl;
        self
    }
}

/// The model of a route. Its name, status, context window and abilities are those of the first model
/// in it: one that stands in for it and reads less refuses what is too long, and says how much it
/// reads ([`ModelError::ContextExceeded`]).
#[derive(Debug, Clone)]
pub struct RoutedModel {
    gateway: Gateway,
    name: String,
    route: Arc<Route>,
    agent: Option<String>,
    conversation: Option<String>,
}

impl RoutedModel {
    pub(super) fn new(gateway: Gateway, name: String, route: Arc<Route>) -> Self {
        Self { gateway, name, route, agent: None, conversation: None }
    }

    /// The same model for an agent: its requests count as this agent's where they do not say.
    #[must_use]
    pub fn for_agent(mut self, agent: impl Into<String>) -> Self {
        self.agent = Some(agent.into());
        self
    }

    /// The same model for a conversation, as `{type}/{name}`: its requests take turns with those of
    /// others where they do not say.
    #[must_use]
    pub fn for_conversation(mut self, conversation: impl Into<String>) -> Self {
        self.conversation = Some(conversation.into());
        self
    }

    /// The route's name.
    #[must_use]
    pub fn route(&self) -> &str {
        &self.name
    }

    fn first(&self) -> Option<&Target> {
        self.route.targets.first()
    }
}

impl LanguageModel for RoutedModel {
    fn name(&self) -> &str {
        self.first().map_or(&self.name, |target| target.model.name())
    }

    fn status(&self) -> watch::Receiver<ModelStatus> {
        match self.first() {
            Some(target) => target.model.status(),
            None => {
                let message = answer::nothing_configured(&self.name);
                let readiness = crate::ModelReadiness::Failed { message };
                watch::channel(ModelStatus::new(&*self.name, readiness)).1
            }
        }
    }

    fn context_window(&self) -> Option<u32> {
        self.first().and_then(|target| target.model.context_window())
    }

    fn count_tokens(&self, text: &str) -> usize {
        let counts = self.route.targets.iter().map(|target| target.model.count_tokens(text));
        counts.max().unwrap_or_default()
    }

    fn accepts_images(&self) -> bool {
        self.first().is_some_and(|target| target.model.accepts_images())
    }

    /// Completes with the first token, so that whatever fails before it is tried elsewhere.
    fn stream(&self, mut request: ModelRequest) -> BoxFuture<'_, Result<ModelStream, ModelError>> {
        if request.metadata.user.is_none() {
            request.metadata.user = self.gateway.payer.name().map(str::to_owned);
        }
        if request.metadata.agent.is_none() {
            request.metadata.agent.clone_from(&self.agent);
        }
        if request.metadata.conversation.is_none() {
            request.metadata.conversation.clone_from(&self.conversation);
        }
        answer::answer(&self.gateway, &self.name, &self.route, request).boxed()
    }
}
