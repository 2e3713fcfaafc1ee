//! Between agents and models: routes with fallbacks, retries, limits, a cache and a log.
//!
//! An agent asks for a route by its name and gets a [`LanguageModel`](crate::LanguageModel); which models stand behind
//! it, and in which order they are tried, is configuration. What a request costs is written down
//! whatever becomes of it: answered, stopped, failed, or cut off with the process.
//!
//! | file | what is in it |
//! |---|---|
//! | `builder` | [`GatewayBuilder`]: what there is to configure |
//! | `route` | [`Route`], [`Target`], [`Price`]; the model an agent gets |
//! | `answer` | one request: from the cache, or from the first model that answers |
//! | `attempt` | one model: retries, time to the first token |
//! | `record` | what is written down of a request while it runs |
//! | `cache` | answers that are given again |
//! | `limits` | requests, tokens and money, a day and a month |
//! | `used` | [`Used`]: what was used, day by day |
//! | `payer` | [`Payer`]: whose requests they are |
//! | `log` | [`LogEntry`]: what was asked, and what it cost |
//! | `feedback` | [`Feedback`]: what people think of an answer |
//! | `store` | [`GatewayStore`]: where all that is kept |
//! | `totals` | [`Total`]: what was asked since the process began, in numbers |
//! | `memory` | [`MemoryStore`]: nowhere; for programs that keep nothing |
//!
//! The store is a trait so that this crate needs no database; `domovoi-agents` has one in SQLite.

mod answer;
mod attempt;
mod builder;
mod cache;
mod feedback;
mod limits;
mod log;
mod memory;
mod payer;
mod record;
mod route;
mod store;
mod totals;
mod used;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

pub use self::builder::GatewayBuilder;
pub use self::feedback::{Feedback, FeedbackSubject, Rating};
pub use self::limits::{Allowance, Limit, LimitKind, Limits, Period, Spent, Subject};
pub use self::log::{Keep, LogEntry, LogFilter, Outcome, RequestEnd, RequestStart};
pub use self::memory::MemoryStore;
pub use self::payer::Payer;
pub use self::route::{Price, Route, RoutedModel, Target};
pub use self::store::{Admission, GatewayStore, StoreError};
pub use self::totals::Total;
pub use self::used::Used;

/// Routes to models, and what is known of every request. Cheap to clone; all clones are the same.
///
/// ```
/// use std::sync::Arc;
/// use domovoi_models::gateway::{Gateway, Route, Target};
/// use domovoi_models::openai::{OpenAiConfig, OpenAiModel};
///
/// # fn main() -> Result<(), domovoi_models::ModelError> {
/// let at = |base_url: &str, model: &str| {
///     OpenAiModel::new(OpenAiConfig {
///         base_url: base_url.to_owned(),
///         api_key: None,
///         model: model.to_owned(),
///     })
/// };
/// let far = Target::new("far/large", Arc::new(at("https://models.example/v1", "large")?));
/// let near = Target::new("near/small", Arc::new(at("http://127.0.0.1:8080/v1", "small")?));
/// let gateway = Gateway::builder().route("fast", Route::new([far, near])).build();
/// assert!(gateway.model("fast").is_some());
/// assert!(gateway.model("slow").is_none());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
    payer: Payer,
}

struct Inner {
    routes: BTreeMap<String, Arc<Route>>,
    limits: Limits,
    /// Limits of people that were set while it runs.
    own_limits: RwLock<Arc<BTreeMap<String, Limit>>>,
    keep: Keep,
    store: Arc<dyn GatewayStore>,
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    totals: totals::Totals,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("routes", &self.inner.routes).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Starts to configure one.
    #[must_use]
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder::default()
    }

    /// The same gateway for one person: requests and feedback are theirs where they do not say.
    #[must_use]
    pub fn for_payer(&self, payer: &Payer) -> Self {
        Self { inner: Arc::clone(&self.inner), payer: payer.clone() }
    }

    /// The model of a route.
    #[must_use]
    pub fn model(&self, route: &str) -> Option<RoutedModel> {
        let (name, route) = self.inner.routes.get_key_value(route)?;
        Some(RoutedModel::new(self.clone(), name.clone(), Arc::clone(route)))
    }

    /// The names of all routes.
    pub fn routes(&self) -> impl Iterator<Item = &str> {
        self.inner.routes.keys().map(String::as_str)
    }

    /// What was asked, newest first.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub fn log(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, StoreError> {
        self.inner.store.log(filter)
    }

    /// Sets limits of people that go before all others, by name; they take the place of those that were
    /// set before.
    pub fn set_own_limits(&self, limits: BTreeMap<String, Limit>) {
        let mut own = self.inner.own_limits.write().unwrap_or_else(PoisonError::into_inner);
        *own = Arc::new(limits);
    }

    fn own_limits(&self) -> Arc<BTreeMap<String, Limit>> {
        Arc::clone(&self.inner.own_limits.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets old entries, and answers that are no longer given; says how many entries. Those that
    /// limits are counted with stay.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be written.
    pub fn prune(&self, keep: &Keep) -> Result<u64, StoreError> {
        let mut keep = *keep;
        keep.whole_month |= self.inner.limits.counts(Period::Month)
            || self.own_limits().values().any(|limit| limit.counts(Period::Month));
        self.inner.store.prune(&keep, self.now())
    }

    /// What was asked since the gateway was made, by route and by how it ended; what is running is
    /// not there yet.
    #[must_use]
    pub fn totals(&self) -> Vec<Total> {
        self.inner.totals.all()
    }

    /// What somebody has used since midnight (UTC).
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub fn spent_today(&self, subject: &Subject) -> Result<Spent, StoreError> {
        self.spent_in(subject, Period::Day)
    }

    /// Keeps what somebody thinks of an answer; it replaces what the same person said before.
    /// False where there is no such answer.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be written.
    pub fn add_feedback(
        &self,
        subject: &FeedbackSubject,
        feedback: &Feedback,
    ) -> Result<bool, StoreError> {
        let mut feedback = feedback.clone();
        if feedback.user.is_none() {
            feedback.user = self.payer.name().map(str::to_owned);
        }
        self.inner.store.add_feedback(subject, &feedback, self.now())
    }

    /// Unix time in milliseconds.
    fn now(&self) -> i64 {
        let since = (self.inner.clock)().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}
