//! What time it is: the system's time, or that of a test.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

/// The clock of schedules. All times are Unix times in milliseconds.
#[derive(Debug, Clone, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    /// Stands still until somebody moves it.
    #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "made by the harness only"))]
    Manual(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// A clock that stands at `now`.
    #[cfg(feature = "testing")]
    pub(crate) fn manual(now: i64) -> Self {
        Self::Manual(Arc::new(watch::Sender::new(now)))
    }

    pub(crate) fn now(&self) -> i64 {
        match self {
            Self::System => system_now(),
            Self::Manual(time) => *time.borrow(),
        }
    }

    /// Moves a manual clock forward.
    #[cfg(feature = "testing")]
    pub(crate) fn advance_to(&self, now: i64) {
        if let Self::Manual(time) = self {
            time.send_modify(|time| *time = now.max(*time));
        }
    }

    /// Completes when it is `due`.
    pub(crate) async fn reach(&self, due: i64) {
        match self {
            Self::System => loop {
                let rest = due.saturating_sub(system_now());
                if rest <= 0 {
                    return;
                }
                // In steps, since the system's time can be set and the machine can be suspended.
                let rest = Duration::from_millis(rest.unsigned_abs());
                tokio::time::sleep(rest.min(LONGEST_STEP)).await;
            },
            Self::Manual(time) => {
                let mut time = time.subscribe();
                if time.wait_for(|now| *now >= due).await.is_err() {
                    std::future::pending().await
                }
            }
        }
    }
}

/// Longest time slept without a look at the clock.
const LONGEST_STEP: Duration = Duration::from_secs(60);

fn system_now() -> i64 {
    to_millis(SystemTime::now())
}

/// A time in milliseconds since 1970; what is out of range becomes the nearest that is not.
pub(crate) fn to_millis(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    }
}

/// The time that is this many milliseconds after 1970.
pub(crate) fn from_millis(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis.max(0).unsigned_abs())
}

/// A span in milliseconds; one that is too long becomes the longest.
pub(crate) fn to_millis_span(span: Duration) -> i64 {
    // A time is added to it.
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX).min(i64::MAX / 4)
}
