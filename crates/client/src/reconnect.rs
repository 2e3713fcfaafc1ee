//! How long to wait before connecting again.

use std::time::Duration;

/// The waiting time before each attempt to connect again: it grows by `factor` up to `max`, and
/// each time a random share of it, up to `jitter`, is left out, so that the clients of a server
/// that restarts do not all come back at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReconnectPolicy {
    /// Before the first attempt.
    pub first: Duration,
    /// What each further wait is multiplied by.
    pub factor: f64,
    /// The longest wait.
    pub max: Duration,
    /// The largest share left out, from 0 to 1.
    pub jitter: f64,
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(250),
            factor: 1.6,
            max: Duration::from_secs(10),
            jitter: 0.5,
        }
    }
}

impl ReconnectPolicy {
    /// The wait before attempt number `attempt` (the first is 1), where `random` is from 0 to 1.
    #[must_use]
    pub fn delay(&self, attempt: u32, random: f64) -> Duration {
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.first.as_secs_f64() * self.factor.max(1.0).powi(exponent);
        let capped = grown.min(self.max.as_secs_f64());
        let share = 1.0 - self.jitter.clamp(0.0, 1.0) * random.clamp(0.0, 1.0);
        Duration::try_from_secs_f64(capped * share).unwrap_or(self.max)
    }
}

/// A random number from 0 to 1, good enough to spread clients out.
pub(crate) fn random_share() -> f64 {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    // The version bits of a UUID are in the low half of this word.
    f64::from(u32::try_from(high >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_maximum_and_never_past_it() {
        let policy = ReconnectPolicy { jitter: 0.0, ..ReconnectPolicy::default() };
        let waits: Vec<_> = (1..20).map(|attempt| policy.delay(attempt, 0.9)).collect();
        assert_eq!(waits[0], policy.first);
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(waits[18], policy.max);
        assert_eq!(policy.delay(u32::MAX, 0.0), policy.max);
    }

    #[test]
    fn jitter_only_shortens() {
        let policy = ReconnectPolicy::default();
        assert_eq!(policy.delay(1, 0.0), policy.first);
        assert_eq!(policy.delay(1, 1.0), policy.first / 2);
        assert!((0.0..=1.0).contains(&random_share()));
    }
}
