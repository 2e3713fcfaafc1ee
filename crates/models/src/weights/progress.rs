//! Bytes, and seconds left.

use std::time::{Duration, Instant};

/// How far a download is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Name of the weights, as people know them.
    pub name: String,
    /// Bytes on disk, those of an earlier try included.
    pub received_bytes: u64,
    /// Size of the whole file.
    pub total_bytes: u64,
    /// Seconds left at the mean speed so far; absent until there is one.
    pub seconds_left: Option<u64>,
}

/// Reports at most this often.
const INTERVAL: Duration = Duration::from_millis(200);

/// Turns byte counts into [`Progress`].
pub(super) struct Meter<'a> {
    report: &'a mut (dyn FnMut(Progress) + Send),
    name: String,
    total_bytes: u64,
    start: Option<(Instant, u64)>,
    last_report: Option<Instant>,
}

impl<'a> Meter<'a> {
    pub(super) fn new(
        name: &str,
        total_bytes: u64,
        report: &'a mut (dyn FnMut(Progress) + Send),
    ) -> Self {
        Self { report, name: name.to_owned(), total_bytes, start: None, last_report: None }
    }

    /// Says that this many bytes are on disk now.
    pub(super) fn at(&mut self, received_bytes: u64) {
        let now = Instant::now();
        let received_bytes = received_bytes.min(self.total_bytes);
        let (started, first_bytes) = *self.start.get_or_insert((now, received_bytes));
        let due = self.last_report.is_none_or(|last| now - last >= INTERVAL);
        if !due && received_bytes < self.total_bytes {
            return;
        }
        self.last_report = Some(now);
        let left = self.total_bytes - received_bytes;
        let seconds_left =
            seconds_left(received_bytes.saturating_sub(first_bytes), left, now - started);
        (self.report)(Progress {
            name: self.name.clone(),
            received_bytes,
            total_bytes: self.total_bytes,
            seconds_left,
        });
    }
}

fn seconds_left(received: u64, left: u64, elapsed: Duration) -> Option<u64> {
    if received == 0 {
        return None;
    }
    let milliseconds = u128::from(left) * elapsed.as_millis() / u128::from(received);
    u64::try_from(milliseconds.div_ceil(1000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_left_follow_the_mean_speed() {
        assert_eq!(seconds_left(100, 300, Duration::from_secs(2)), Some(6));
        assert_eq!(seconds_left(100, 0, Duration::from_secs(2)), Some(0));
        assert_eq!(seconds_left(0, 300, Duration::from_secs(2)), None);
    }

    #[test]
    fn reports_are_few_and_the_last_one_comes() {
        let mut seen = Vec::new();
        let mut keep = |progress: Progress| seen.push(progress.received_bytes);
        let mut meter = Meter::new("m", 1000, &mut keep);
        (0..=1000).for_each(|bytes| meter.at(bytes));
        assert_eq!(seen.first(), Some(&0));
        assert_eq!(seen.last(), Some(&1000));
        assert!(seen.len() < 100, "{}", seen.len());
    }
}
