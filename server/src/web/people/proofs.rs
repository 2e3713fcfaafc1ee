//! Who has shown a moment ago, at the identity provider, that they are who their session says. Who has no
//! password can show it in no other way, and a session that was left open is no proof.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// How long a proof is good.
const GOOD: Duration = Duration::from_secs(10 * 60);

/// When the person of a session has shown it, by the session's id.
#[derive(Default)]
pub(super) struct Proofs(Mutex<HashMap<i64, Instant>>);

fn is_good(at: &Instant, now: Instant) -> bool {
    now.saturating_duration_since(*at) < GOOD
}

impl Proofs {
    pub(super) fn note(&self, session: i64, now: Instant) {
        let mut proofs = self.0.lock();
        proofs.retain(|_, at| is_good(at, now));
        proofs.insert(session, now);
    }

    pub(super) fn has(&self, session: i64, now: Instant) -> bool {
        self.0.lock().get(&session).is_some_and(|at| is_good(at, now))
    }

    /// Uses a proof up; whether there was one.
    pub(super) fn take(&self, session: i64, now: Instant) -> bool {
        self.0.lock().remove(&session).is_some_and(|at| is_good(&at, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_one_sessions_once_and_not_for_long() {
        let (proofs, now) = (Proofs::default(), Instant::now());
        proofs.note(1, now);
        assert!(!proofs.has(2, now) && proofs.has(1, now + GOOD / 2) && !proofs.has(1, now + GOOD));
        assert!(proofs.take(1, now) && !proofs.take(1, now));
        proofs.note(1, now);
        assert!(!proofs.take(1, now + GOOD));
    }
}
