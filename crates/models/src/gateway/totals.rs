//! What was asked since the process began, in numbers.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Outcome;
use crate::Usage;

/// What was asked by one route since the gateway was made, and ended in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Total {
    /// The route's name.
    pub route: String,
    /// How these requests ended.
    pub outcome: Outcome,
    /// How many there were.
    pub requests: u64,
    /// Their tokens, those that are our guess among them.
    pub usage: Usage,
}

#[derive(Debug, Default)]
pub(super) struct Totals(Mutex<ByRoute>);

/// By the names of route and outcome.
type ByRoute = BTreeMap<(String, &'static str), Total>;

impl Totals {
    pub(super) fn add(&self, route: &str, outcome: Outcome, usage: Usage) {
        let mut totals = self.lock();
        let total = totals.entry((route.to_owned(), outcome.name())).or_insert_with(|| Total {
            route: route.to_owned(),
            outcome,
            requests: 0,
            usage: Usage::default(),
        });
        total.requests += 1;
        total.usage.input_tokens += usage.input_tokens;
        total.usage.output_tokens += usage.output_tokens;
    }

    pub(super) fn all(&self) -> Vec<Total> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, ByRoute> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
