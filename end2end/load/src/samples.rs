//! Times of single operations.

use std::time::Duration;

/// Times of single operations, to be summed up.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that `share` of all operations stay within, in seconds.
    pub(crate) fn quantile(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        let index = (self.0.len() as f64 * share) as usize;
        let last = self.0.len().saturating_sub(1);
        self.0.get(index.min(last)).map_or(f64::NAN, Duration::as_secs_f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let mut samples = Samples::default();
        assert!(samples.quantile(0.5).is_nan());
        for seconds in (0..100).rev() {
            samples.push(Duration::from_secs(seconds));
        }
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|q| samples.quantile(q)), [0.0, 50.0, 99.0, 99.0]);
    }
}
