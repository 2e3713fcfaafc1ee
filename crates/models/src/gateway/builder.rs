//! What there is to configure.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

use super::{
    Gateway, GatewayStore, Inner, Keep, Limits, MemoryStore, Payer, Route, totals::Totals,
};

/// Configures a [`Gateway`].
pub struct GatewayBuilder {
    routes: BTreeMap<String, Arc<Route>>,
    limits: Limits,
    keep: Keep,
    store: Arc<dyn GatewayStore>,
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Default for GatewayBuilder {
    fn default() -> Self {
        Self {
            routes: BTreeMap::new(),
            limits: Limits::default(),
            keep: Keep::default(),
            store: Arc::new(MemoryStore::new()),
            clock: Box::new(SystemTime::now),
        }
    }
}

impl fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayBuilder").field("routes", &self.routes).finish_non_exhaustive()
    }
}

impl GatewayBuilder {
    /// Adds a route; one of the same name is replaced.
    #[must_use]
    pub fn route(mut self, name: impl Into<String>, route: Route) -> Self {
        self.routes.insert(name.into(), Arc::new(route));
        self
    }

    /// Limits what people and agents may use. Nothing is limited otherwise.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How much of the log is kept; the rest is forgotten from time to time. Default: everything.
    #[must_use]
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// Where log, cache and feedback are kept. Default: in memory.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn GatewayStore>) -> Self {
        self.store = store;
        self
    }

    /// The clock days are counted with; for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The gateway.
    #[must_use]
    pub fn build(self) -> Gateway {
        let Self { routes, limits, keep, store, clock } = self;
        Gateway {
            inner: Arc::new(Inner {
                routes,
                limits,
                own_limits: RwLock::default(),
                keep,
                store,
                clock,
                totals: Totals::default(),
            }),
            payer: Payer::default(),
        }
    }
}
