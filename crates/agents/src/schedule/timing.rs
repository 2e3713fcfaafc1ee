//! When a schedule runs.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AgentError, clock::to_millis};

/// When a task is to run: a [`Duration`] from now, a [`SystemTime`], a [`Cron`] expression, or
/// [`Every`] so often. All of them convert into it.
#[derive(Debug, Clone)]
pub struct When {
    timing: Timing,
    at: Option<i64>,
}

impl From<Duration> for When {
    fn from(delay: Duration) -> Self {
        Self { timing: Timing::Delayed { delay_in_seconds: delay.as_secs_f64() }, at: None }
    }
}

impl From<SystemTime> for When {
    fn from(date: SystemTime) -> Self {
        Self { timing: Timing::Scheduled {}, at: Some(to_millis(date)) }
    }
}

impl From<Cron> for When {
    fn from(cron: Cron) -> Self {
        Self { timing: Timing::Cron { cron: cron.expression, timezone: cron.zone }, at: None }
    }
}

impl From<Every> for When {
    fn from(every: Every) -> Self {
        let interval_seconds = every.0.as_secs_f64();
        Self { timing: Timing::Interval { interval_seconds }, at: None }
    }
}

/// A fixed interval, counted from the creation of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every(pub Duration);

/// A cron expression of five fields, or of six with seconds first, in UTC or a time zone.
///
/// Where clocks go forward, what falls into the gap runs right after it; where they go back, what
/// falls into the repeated hour runs once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    expression: String,
    zone: Option<String>,
}

impl Cron {
    /// Reads an expression such as `0 9 * * MON-FRI` or `*/10 * * * * *`.
    ///
    /// # Errors
    /// [`AgentError::InvalidSchedule`] says what is wrong with it.
    pub fn parse(expression: &str) -> Result<Self, AgentError> {
        parse(expression)?;
        Ok(Self { expression: expression.to_owned(), zone: None })
    }

    /// Reads the expression in a time zone of the IANA database, such as `Europe/Prague`.
    ///
    /// # Errors
    /// [`AgentError::InvalidSchedule`] where there is no such zone.
    pub fn in_zone(mut self, zone: &str) -> Result<Self, AgentError> {
        time_zone(zone)?;
        self.zone = Some(zone.to_owned());
        Ok(self)
    }
}

impl std::str::FromStr for Cron {
    type Err = AgentError;

    fn from_str(expression: &str) -> Result<Self, AgentError> {
        Self::parse(expression)
    }
}

/// What kind of schedule it is, with its parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Timing {
    /// Once, some time after it was made.
    Delayed {
        /// The delay.
        delay_in_seconds: f64,
    },
    /// Once, at a date.
    Scheduled {},
    /// By a cron expression.
    Cron {
        /// The expression.
        cron: String,
        /// The time zone; UTC where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timezone: Option<String>,
    },
    /// At a fixed interval.
    Interval {
        /// The interval.
        interval_seconds: f64,
    },
}

/// A kind of schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    /// Once, some time after it was made.
    Delayed,
    /// Once, at a date.
    Scheduled,
    /// By a cron expression.
    Cron,
    /// At a fixed interval.
    Interval,
}

impl ScheduleKind {
    /// Its name, as in [`Timing`]'s JSON.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Delayed => "delayed",
            Self::Scheduled => "scheduled",
            Self::Cron => "cron",
            Self::Interval => "interval",
        }
    }
}

impl When {
    /// The kind, and the first time it is due after `now`, in milliseconds.
    pub(super) fn first(self, now: i64) -> Result<(Timing, i64), AgentError> {
        let due = match (&self.timing, self.at) {
            (_, Some(at)) => at,
            (Timing::Delayed { delay_in_seconds }, None) => {
                now.saturating_add(to_ms(*delay_in_seconds))
            }
            (timing, None) => timing.next(now, now)?.ok_or_else(never)?,
        };
        if Timestamp::from_millisecond(due).is_err() {
            let error = "the date of a schedule must be within the calendar".to_owned();
            return Err(AgentError::InvalidSchedule(error));
        }
        Ok((self.timing, due))
    }
}

fn never() -> AgentError {
    AgentError::InvalidSchedule("the schedule would never run".to_owned())
}

/// Shortest interval, in milliseconds.
const SHORTEST: i64 = 1;

impl Timing {
    /// Whether it runs more than once.
    #[must_use]
    pub fn recurs(&self) -> bool {
        matches!(self, Self::Cron { .. } | Self::Interval { .. })
    }

    /// The first occurrence after `now` of a schedule that is or was due at `due`; nothing where
    /// there is none.
    pub(super) fn next(&self, due: i64, now: i64) -> Result<Option<i64>, AgentError> {
        match self {
            Self::Delayed { .. } | Self::Scheduled {} => Ok(None),
            Self::Interval { interval_seconds } => {
                let interval = to_ms(*interval_seconds);
                if interval < SHORTEST {
                    return Err(AgentError::InvalidSchedule("an interval of nothing".to_owned()));
                }
                let passed = (now - due).max(0) / interval;
                Ok(interval.checked_mul(passed + 1).and_then(|span| due.checked_add(span)))
            }
            Self::Cron { cron, timezone } => {
                let zone = match timezone {
                    Some(zone) => time_zone(zone)?,
                    None => TimeZone::UTC,
                };
                let out_of_range =
                    |error: jiff::Error| AgentError::InvalidSchedule(error.to_string());
                let from = Timestamp::from_millisecond(now).map_err(out_of_range)?;
                let next = parse(cron)?.find_next_occurrence(&from.to_zoned(zone), false);
                Ok(next.ok().map(|next| next.timestamp().as_millisecond()))
            }
        }
    }
}

fn to_ms(seconds: f64) -> i64 {
    // Out of range becomes the nearest that is not.
    (seconds * 1000.0).round() as i64
}

fn parse(expression: &str) -> Result<croner::Cron, AgentError> {
    expression.parse().map_err(|error| {
        AgentError::InvalidSchedule(format!("`{expression}` is no cron expression: {error}"))
    })
}

fn time_zone(zone: &str) -> Result<TimeZone, AgentError> {
    TimeZone::get(zone)
        .map_err(|_| AgentError::InvalidSchedule(format!("`{zone}` is no time zone")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(time: &str) -> i64 {
        time.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn cron(expression: &str, zone: Option<&str>) -> Timing {
        Timing::Cron { cron: expression.to_owned(), timezone: zone.map(str::to_owned) }
    }

    #[test]
    fn intervals_keep_their_grid() {
        let every = Timing::Interval { interval_seconds: 10.0 };
        assert_eq!(every.next(1_000, 1_000).unwrap(), Some(11_000));
        assert_eq!(every.next(1_000, 35_500).unwrap(), Some(41_000));
        assert!(Timing::Interval { interval_seconds: 0.0 }.next(0, 0).is_err());
    }

    #[test]
    fn cron_has_seconds_zones_and_daylight_saving() {
        let now = ms("2026-03-28T12:00:00Z");
        let next = |timing: Timing, now| timing.next(now, now).unwrap().unwrap();
        assert_eq!(next(cron("*/10 * * * * *", None), now), now + 10_000);
        assert_eq!(next(cron("30 9 * * *", None), now), ms("2026-03-29T09:30:00Z"));
        let prague = || cron("30 9 * * *", Some("Europe/Prague"));
        assert_eq!(next(prague(), ms("2026-03-27T12:00:00Z")), ms("2026-03-28T08:30:00Z"));
        assert_eq!(next(prague(), now), ms("2026-03-29T07:30:00Z"), "summer time has begun");
        // 02:30 does not exist on that day.
        let gap = next(cron("30 2 * * *", Some("Europe/Prague")), now);
        assert_eq!(gap, ms("2026-03-29T01:00:00Z"));
        // 02:30 comes twice when summer time ends, and counts once.
        let twice = cron("30 2 * * *", Some("Europe/Prague"));
        let first = next(twice.clone(), ms("2026-10-24T12:00:00Z"));
        assert_eq!(first, ms("2026-10-25T00:30:00Z"));
        assert_eq!(next(twice, first), ms("2026-10-26T01:30:00Z"));
    }

    #[test]
    fn wrong_schedules_are_refused_in_words() {
        let error = Cron::parse("61 * * * *").unwrap_err().to_string();
        assert!(error.contains("61 * * * *"), "{error}");
        let error = Cron::parse("* * * * *").unwrap().in_zone("Mars/Base").unwrap_err();
        assert_eq!(error.to_string(), "`Mars/Base` is no time zone");
        let never: When = Cron::parse("0 0 30 2 *").unwrap().into();
        assert!(never.first(0).is_err());
    }
}
