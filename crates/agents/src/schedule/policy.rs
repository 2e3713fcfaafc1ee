//! What happens when a run fails, overlaps with the one before, or was missed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a schedule deals with what can go wrong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ScheduleOptions {
    /// Makes the schedule the same one when it is made again, after a restart for instance. Without
    /// one, a schedule that recurs is the same where task, payload and time are the same.
    #[serde(skip)]
    pub key: Option<String>,
    /// How often a failed run is tried again.
    pub retry: Retry,
    /// What happens when it is due while its last run has not ended.
    pub overlap: Overlap,
    /// What happens to runs that were missed.
    pub catch_up: CatchUp,
}

impl ScheduleOptions {
    /// With this key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With this way to try again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// With this way to overlap.
    #[must_use]
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// With this way to catch up.
    #[must_use]
    pub fn catch_up(mut self, catch_up: CatchUp) -> Self {
        self.catch_up = catch_up;
        self
    }
}

/// How often a failed run is tried again, and how long is waited before. An error marked
/// [`terminal`](crate::HandlerError::terminal) is never tried again; an attempt that was cut off by
/// a crash does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts in all; 1 for no second one.
    pub max_attempts: u32,
    /// Wait before the second attempt; it doubles with each one after that.
    pub first_delay: Duration,
    /// Longest wait.
    pub max_delay: Duration,
}

impl Default for Retry {
    /// Three attempts, after one second and two.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(3600),
        }
    }
}

impl Retry {
    /// Never tries again.
    #[must_use]
    pub fn never() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// The wait after the given attempt, counted from 1, in milliseconds; nothing after the last.
    pub(super) fn delay_after(&self, attempt: u32) -> Option<i64> {
        if attempt >= self.max_attempts {
            return None;
        }
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let delay = self.first_delay.saturating_mul(factor).min(self.max_delay);
        Some(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX))
    }
}

/// What happens when a schedule is due while its last run has not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// The new run is left out, and the history says so.
    #[default]
    Skip,
    /// The new run waits for the last one.
    Queue,
    /// Both run side by side.
    Allow,
}

/// What happens to runs that were missed by more than a minute: the process was down, or the
/// machine asleep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    /// One run makes up for all of them.
    #[default]
    Once,
    /// Each of them runs, up to a thousand.
    All,
    /// They are left out, and the history says so.
    Skip,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let retry = Retry {
            max_attempts: 5,
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(3),
        };
        let delays: Vec<_> = (1..=5).map(|attempt| retry.delay_after(attempt)).collect();
        assert_eq!(delays, [Some(1000), Some(2000), Some(3000), Some(3000), None]);
        assert_eq!(Retry::never().delay_after(1), None);
    }
}
