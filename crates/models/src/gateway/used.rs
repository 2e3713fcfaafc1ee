//! What was used, day by day.

use super::{Gateway, Limit, Period, Spent, StoreError, Subject};

/// What somebody has used of a model on a day.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Used {
    /// When the day began, in UTC; Unix time in milliseconds.
    pub day: i64,
    /// Who.
    pub user: Option<String>,
    /// Which model; none where none was asked in the end.
    pub model: Option<String>,
    /// How much.
    pub spent: Spent,
}

impl Gateway {
    /// What was used on each day from a time on, by person and model, the days in order: everybody's, or
    /// one person's; nobody is the empty name.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub fn used(&self, user: Option<&str>, since: i64) -> Result<Vec<Used>, StoreError> {
        self.inner.store.used(user, since)
    }

    /// What a person may use.
    #[must_use]
    pub fn limit_of(&self, user: &str) -> Limit {
        self.inner.limits.of_user(&self.own_limits(), user)
    }

    /// What a person has used since the begin of this day or month (UTC), and how much there is.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub fn spent_in(&self, subject: &Subject, period: Period) -> Result<Spent, StoreError> {
        self.inner.store.spent(subject, period.begin(self.now()))
    }
}
