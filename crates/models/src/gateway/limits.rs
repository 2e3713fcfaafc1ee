//! Requests, tokens and money, a day and a month.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use serde::{Deserialize, Serialize};

use crate::RequestMetadata;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What somebody may use in a day, midnight to midnight, and in a month of the calendar, both in UTC. What
/// is absent is not limited.
///
/// A running request counts as one at once; its tokens and its money count when it ends, so
/// requests that run at the same time may go a little over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limit {
    /// Requests, those that failed included; answers from the cache are free.
    pub requests_per_day: Option<u64>,
    /// Tokens of requests and answers together.
    pub tokens_per_day: Option<u64>,
    /// Money, in the currency of the prices.
    pub money_per_day: Option<f64>,
    /// Requests in a month.
    pub requests_per_month: Option<u64>,
    /// Tokens in a month.
    pub tokens_per_month: Option<u64>,
    /// Money in a month.
    pub money_per_month: Option<f64>,
}

impl Limit {
    /// What may be used in this time: requests, tokens, money.
    #[must_use]
    pub fn of(&self, period: Period) -> (Option<u64>, Option<u64>, Option<f64>) {
        match period {
            Period::Day => (self.requests_per_day, self.tokens_per_day, self.money_per_day),
            Period::Month => (self.requests_per_month, self.tokens_per_month, self.money_per_month),
        }
    }

    /// Whether anything is limited in this time.
    #[must_use]
    pub fn counts(&self, period: Period) -> bool {
        self.of(period) != (None, None, None)
    }
}

/// What a limit is counted over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Midnight to midnight, in UTC.
    Day,
    /// A month of the calendar, in UTC.
    Month,
}

impl Period {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Day, Self::Month];

    /// When the one that `now` is in has begun; Unix times in milliseconds.
    #[must_use]
    pub fn begin(self, now: i64) -> i64 {
        match self {
            Self::Day => now - now.rem_euclid(DAY_MS),
            Self::Month => month(now).and_then(midnight_of).unwrap_or(now),
        }
    }

    /// When it ends.
    #[must_use]
    pub fn end(self, now: i64) -> i64 {
        match self {
            Self::Day => self.begin(now) + DAY_MS,
            Self::Month => {
                let next = month(now).and_then(|first| first.checked_add(1.month()).ok());
                next.and_then(midnight_of).unwrap_or(now)
            }
        }
    }
}

/// The first day of the month.
fn month(now: i64) -> Option<Date> {
    let time = Timestamp::from_millisecond(now).ok()?;
    Some(time.to_zoned(TimeZone::UTC).date().first_of_month())
}

fn midnight_of(date: Date) -> Option<i64> {
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// What there is a limit of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitKind {
    /// Requests.
    Requests,
    /// Tokens.
    Tokens,
    /// Money.
    Money,
}

/// Limits of people and agents: one for everybody, and others by name. Requests without a person
/// or agent count together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Each person.
    pub user: Limit,
    /// Each agent.
    pub agent: Limit,
    /// People with limits of their own, instead of those of everybody.
    pub users: BTreeMap<String, Limit>,
    /// Agents with limits of their own.
    pub agents: BTreeMap<String, Limit>,
}

/// Who uses something.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// A person; empty for requests that name none.
    User(String),
    /// An agent; empty for requests that name none.
    Agent(String),
}

/// What somebody has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Requests.
    pub requests: u64,
    /// Tokens.
    pub tokens: u64,
    /// Money.
    pub money: f64,
}

/// A limit of somebody, and the time it counts from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Allowance {
    /// Who.
    pub subject: Subject,
    /// How much.
    pub limit: Limit,
    /// In which time.
    pub period: Period,
    /// Unix time in milliseconds.
    pub since: i64,
}

impl Allowance {
    /// What is used up of it.
    #[must_use]
    pub fn exhausted(&self, spent: &Spent) -> Option<LimitKind> {
        let (requests, tokens, money) = self.limit.of(self.period);
        if requests.is_some_and(|most| spent.requests >= most) {
            Some(LimitKind::Requests)
        } else if tokens.is_some_and(|most| spent.tokens >= most) {
            Some(LimitKind::Tokens)
        } else if money.is_some_and(|most| spent.money >= most) {
            Some(LimitKind::Money)
        } else {
            None
        }
    }
}

impl Limits {
    /// What limits a request.
    ///
    /// Where `own` has a limit for a person it goes before all others.
    pub(super) fn allowances(
        &self,
        own: &BTreeMap<String, Limit>,
        metadata: &RequestMetadata,
        now: i64,
    ) -> Vec<Allowance> {
        let user = metadata.user.clone().unwrap_or_default();
        let agent = metadata.agent.clone().unwrap_or_default();
        let limits = [
            (self.of_user(own, &user), Subject::User(user)),
            (*self.agents.get(&agent).unwrap_or(&self.agent), Subject::Agent(agent)),
        ];
        let periods = |(limit, subject): (Limit, Subject)| {
            let counted = Period::ALL.into_iter().filter(move |period| limit.counts(*period));
            counted.map(move |period| Allowance {
                subject: subject.clone(),
                limit,
                period,
                since: period.begin(now),
            })
        };
        limits.into_iter().flat_map(periods).collect()
    }

    /// What a person may use.
    pub(super) fn of_user(&self, own: &BTreeMap<String, Limit>, user: &str) -> Limit {
        *own.get(user).or_else(|| self.users.get(user)).unwrap_or(&self.user)
    }

    /// Whether anything is counted over this time.
    #[must_use]
    pub fn counts(&self, period: Period) -> bool {
        let named = self.users.values().chain(self.agents.values());
        [&self.user, &self.agent].into_iter().chain(named).any(|limit| limit.counts(period))
    }
}

/// What to tell a person whose limit is reached.
pub(super) fn refusal(allowance: Option<&Allowance>, kind: LimitKind, now: i64) -> String {
    let period = allowance.map_or(Period::Day, |allowance| allowance.period);
    let limit = allowance.map(|allowance| allowance.limit).unwrap_or_default();
    let (requests, tokens, money) = limit.of(period);
    let of_agent = matches!(allowance, Some(Allowance { subject: Subject::Agent(_), .. }));
    let whose = if of_agent { "this agent's" } else { "your" };
    let what = match kind {
        LimitKind::Requests => format!("{} requests", requests.unwrap_or_default()),
        LimitKind::Tokens => format!("{} tokens", tokens.unwrap_or_default()),
        LimitKind::Money => format!("{} of money", money.unwrap_or_default()),
    };
    let minutes = (period.end(now) - now).div_euclid(60_000) + 1;
    let wait = match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours @ 48.., _) => format!("{} days", hours / 24),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    };
    let (time, end) = match period {
        Period::Day => ("today", "midnight UTC"),
        Period::Month => ("this month", "its end"),
    };
    format!(
        "All of {whose} {what} for {time} are used up. Try again after {end} (in {wait}), or raise \
         the limit under [limits] in the configuration."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_a_limit_of_their_own_has_no_other() {
        let requests = |most| Limit { requests_per_day: Some(most), ..Limit::default() };
        let limits = Limits {
            user: requests(1),
            users: [("anna".to_owned(), requests(5)), ("root".to_owned(), Limit::default())].into(),
            ..Limits::default()
        };
        let of = |user: Option<&str>| {
            let metadata =
                RequestMetadata { user: user.map(str::to_owned), ..RequestMetadata::default() };
            let own = [("carla".to_owned(), requests(7))].into();
            limits.allowances(&own, &metadata, 0).first().map(|found| found.limit)
        };
        assert_eq!(of(Some("anna")), Some(requests(5)));
        assert_eq!(of(Some("bob")), Some(requests(1)));
        assert_eq!(of(None), Some(requests(1)), "nobody is not free");
        assert_eq!(of(Some("root")), None);
        assert_eq!(of(Some("carla")), Some(requests(7)));
    }

    #[test]
    fn a_refusal_says_whose_what_and_until_when() {
        let limit = Limit { requests_per_day: Some(5), ..Limit::default() };
        let subject = Subject::User("a".into());
        let allowance = Allowance { subject, limit, period: Period::Day, since: 0 };
        let now = DAY_MS + DAY_MS - 90 * 60_000;
        assert_eq!(
            refusal(Some(&allowance), LimitKind::Requests, now),
            "All of your 5 requests for today are used up. Try again after midnight UTC (in 1 h 31 \
             min), or raise the limit under [limits] in the configuration."
        );
        let limit = Limit { money_per_month: Some(2.5), ..Limit::default() };
        let month = Allowance { limit, period: Period::Month, ..allowance };
        let text = refusal(Some(&month), LimitKind::Money, now);
        assert!(text.starts_with("All of your 2.5 of money for this month are used up."), "{text}");
        assert!(text.contains("(in 29 days)"), "{text}");
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let now = at("2028-02-29T23:59:59.999Z");
        assert_eq!(Period::Month.begin(now), at("2028-02-01T00:00:00Z"));
        assert_eq!(Period::Month.end(now), at("2028-03-01T00:00:00Z"));
        assert_eq!(Period::Month.end(at("2026-12-31T00:00:00Z")), at("2027-01-01T00:00:00Z"));
        assert_eq!(Period::Day.begin(now), at("2028-02-29T00:00:00Z"));
    }
}
