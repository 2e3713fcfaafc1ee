//! A store that forgets everything with the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    Admission, Allowance, Feedback, FeedbackSubject, GatewayStore, Keep, LogEntry, LogFilter,
    Outcome, Period, RequestEnd, RequestStart, Spent, StoreError, Subject, Used,
};

/// A store in memory, for programs that keep nothing. Its log grows until it is pruned.
#[derive(Debug, Default)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    last_id: i64,
    entries: BTreeMap<i64, LogEntry>,
    cache: HashMap<String, (String, i64)>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn spent(&self, subject: &Subject, since: i64) -> Spent {
        let is_theirs = |entry: &&LogEntry| {
            let (wanted, found) = match subject {
                Subject::User(user) => (user, &entry.user),
                Subject::Agent(agent) => (agent, &entry.agent),
            };
            entry.started_at >= since
                && !matches!(entry.outcome, Outcome::Cached | Outcome::Refused)
                && found.as_deref().unwrap_or_default() == wanted
        };
        self.entries.values().filter(is_theirs).fold(Spent::default(), |spent, entry| Spent {
            requests: spent.requests + 1,
            tokens: spent.tokens + entry.input_tokens + entry.output_tokens,
            money: spent.money + entry.cost,
        })
    }
}

impl GatewayStore for MemoryStore {
    fn begin(
        &self,
        start: &RequestStart,
        allowances: &[Allowance],
    ) -> Result<Admission, StoreError> {
        let mut kept = self.kept();
        let used_up = allowances.iter().enumerate().find_map(|(index, allowance)| {
            let spent = kept.spent(&allowance.subject, allowance.since);
            Some((index, allowance.exhausted(&spent)?))
        });
        kept.last_id += 1;
        let mut entry = LogEntry::new(kept.last_id, start.clone());
        let admission = match used_up {
            Some((allowance, kind)) => {
                entry.outcome = Outcome::Refused;
                Admission::Refused { allowance, kind }
            }
            None => Admission::Admitted(entry.id),
        };
        kept.entries.insert(entry.id, entry);
        Ok(admission)
    }

    fn end(&self, id: i64, end: &RequestEnd) -> Result<(), StoreError> {
        if let Some(entry) = self.kept().entries.get_mut(&id) {
            entry.end(end.clone());
        }
        Ok(())
    }

    fn log(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, StoreError> {
        let limit = filter.limit.unwrap_or(LogFilter::DEFAULT_LIMIT);
        let kept = self.kept();
        let found = kept.entries.values().rev().filter(|entry| filter.matches(entry));
        Ok(found.take(limit).cloned().collect())
    }

    fn spent(&self, subject: &Subject, since: i64) -> Result<Spent, StoreError> {
        Ok(self.kept().spent(subject, since))
    }

    fn used(&self, user: Option<&str>, since: i64) -> Result<Vec<Used>, StoreError> {
        let mut sums: BTreeMap<(i64, String, String), Used> = BTreeMap::new();
        for entry in self.kept().entries.values() {
            let whose = entry.user.as_deref().unwrap_or_default();
            let counts = !matches!(entry.outcome, Outcome::Cached | Outcome::Refused);
            if entry.started_at < since || !counts || user.is_some_and(|user| user != whose) {
                continue;
            }
            let day = Period::Day.begin(entry.started_at);
            let key = (day, whose.to_owned(), entry.model.clone().unwrap_or_default());
            let sum = sums.entry(key).or_insert_with(|| Used {
                day,
                user: entry.user.clone(),
                model: entry.model.clone(),
                ..Used::default()
            });
            sum.spent.requests += 1;
            sum.spent.tokens += entry.input_tokens + entry.output_tokens;
            sum.spent.money += entry.cost;
        }
        Ok(sums.into_values().collect())
    }

    fn prune(&self, keep: &Keep, now: i64) -> Result<u64, StoreError> {
        let mut kept = self.kept();
        let before = kept.entries.len();
        let most = keep.max_entries.and_then(|most| usize::try_from(most).ok());
        let surplus = before.saturating_sub(most.unwrap_or(before));
        let by_count = surplus
            .checked_sub(1)
            .and_then(|last| kept.entries.keys().nth(last).copied())
            .unwrap_or(i64::MIN);
        let oldest = keep.oldest(now).unwrap_or(i64::MIN);
        let counted = keep.counted_since(now);
        kept.entries.retain(|id, entry| {
            entry.started_at >= counted || (entry.started_at >= oldest && *id > by_count)
        });
        kept.cache.retain(|_, (_, until)| *until > now);
        Ok((before - kept.entries.len()) as u64)
    }

    fn add_feedback(
        &self,
        subject: &FeedbackSubject,
        feedback: &Feedback,
        _now: i64,
    ) -> Result<bool, StoreError> {
        let mut found = false;
        for entry in self.kept().entries.values_mut() {
            let is_meant = match subject {
                FeedbackSubject::Request(id) => entry.id == *id,
                FeedbackSubject::Message(message) => entry.message_id.as_ref() == Some(message),
            };
            if is_meant {
                found = true;
                entry.feedback.retain(|other| other.user != feedback.user);
                entry.feedback.push(feedback.clone());
            }
        }
        Ok(found)
    }

    fn cached(&self, key: &str, now: i64) -> Result<Option<String>, StoreError> {
        let kept = self.kept();
        let found = kept.cache.get(key).filter(|(_, until)| *until > now);
        Ok(found.map(|(answer, _)| answer.clone()))
    }

    fn put_cached(&self, key: &str, answer: &str, until: i64) -> Result<(), StoreError> {
        self.kept().cache.insert(key.to_owned(), (answer.to_owned(), until));
        Ok(())
    }
}
