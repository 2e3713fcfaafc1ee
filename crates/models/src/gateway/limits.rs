//! Requests, tokens and money a day.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::RequestMetadata;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What somebody may use in a day, midnight to midnight in UTC. What is absent is not limited.
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
    /// Unix time in milliseconds.
    pub since: i64,
}

impl Allowance {
    /// What is used up of it.
    #[must_use]
    pub fn exhausted(&self, spent: &Spent) -> Option<LimitKind> {
        let Limit { requests_per_day, tokens_per_day, money_per_day } = self.limit;
        if requests_per_day.is_some_and(|most| spent.requests >= most) {
            Some(LimitKind::Requests)
        } else if tokens_per_day.is_some_and(|most| spent.tokens >= most) {
            Some(LimitKind::Tokens)
        } else if money_per_day.is_some_and(|most| spent.money >= most) {
            Some(LimitKind::Money)
        } else {
            None
        }
    }
}

impl Limits {
    /// What limits a request.
    pub(super) fn allowances(&self, metadata: &RequestMetadata, since: i64) -> Vec<Allowance> {
        let user = metadata.user.clone().unwrap_or_default();
        let agent = metadata.agent.clone().unwrap_or_default();
        let limits = [
            (self.users.get(&user).unwrap_or(&self.user), Subject::User(user)),
            (self.agents.get(&agent).unwrap_or(&self.agent), Subject::Agent(agent)),
        ];
        limits
            .into_iter()
            .filter(|(limit, _)| **limit != Limit::default())
            .map(|(limit, subject)| Allowance { subject, limit: *limit, since })
            .collect()
    }
}

/// The last midnight in UTC, in milliseconds.
pub(super) fn midnight(now: i64) -> i64 {
    now - now.rem_euclid(DAY_MS)
}

/// What to tell a person whose limit is reached.
pub(super) fn refusal(allowance: Option<&Allowance>, kind: LimitKind, now: i64) -> String {
    let limit = allowance.map(|allowance| allowance.limit).unwrap_or_default();
    let of_agent = matches!(allowance, Some(Allowance { subject: Subject::Agent(_), .. }));
    let whose = if of_agent { "this agent's" } else { "your" };
    let what = match kind {
        LimitKind::Requests => format!("{} requests", limit.requests_per_day.unwrap_or_default()),
        LimitKind::Tokens => format!("{} tokens", limit.tokens_per_day.unwrap_or_default()),
        LimitKind::Money => format!("{} of money", limit.money_per_day.unwrap_or_default()),
    };
    let minutes = (midnight(now) + DAY_MS - now).div_euclid(60_000) + 1;
    let wait = match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    };
    format!(
        "All of {whose} {what} for today are used up. Try again after midnight UTC (in {wait}), or \
         raise the limit under [limits] in the configuration."
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
            limits.allowances(&metadata, 0).first().map(|found| found.limit)
        };
        assert_eq!(of(Some("anna")), Some(requests(5)));
        assert_eq!(of(Some("bob")), Some(requests(1)));
        assert_eq!(of(None), Some(requests(1)), "nobody is not free");
        assert_eq!(of(Some("root")), None);
    }

    #[test]
    fn a_refusal_says_whose_what_and_until_when() {
        let limit = Limit { requests_per_day: Some(5), ..Limit::default() };
        let allowance = Allowance { subject: Subject::User("a".into()), limit, since: 0 };
        let now = DAY_MS + DAY_MS - 90 * 60_000;
        assert_eq!(
            refusal(Some(&allowance), LimitKind::Requests, now),
            "All of your 5 requests for today are used up. Try again after midnight UTC (in 1 h 31 \
             min), or raise the limit under [limits] in the configuration."
        );
    }
}
