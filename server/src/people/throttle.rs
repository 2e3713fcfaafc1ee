//! How often somebody may guess: by the address they ask from, and by the name they claim.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::Name;

/// What attempts are counted over.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Wrong passwords for one name in that time.
const PER_NAME: u32 = 10;
/// Wrong passwords from one address in that time.
const PER_ADDRESS: u32 = 30;
/// With more than this many counts, those that are over are thrown away.
const MANY: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    /// Who goes to the identity provider: any page can have a browser do that, and must not keep the person
    /// from typing a password.
    Away(IpAddr),
    Name(String),
}

struct Count {
    since: Instant,
    attempts: u32,
}

/// Counts attempts that have failed, or have not ended yet: many at once are many.
#[derive(Default)]
pub(crate) struct Throttle {
    counts: Mutex<HashMap<Key, Count>>,
}

impl Throttle {
    /// Counts an attempt, before anything is looked at. An error says how long to wait.
    pub(crate) fn attempt(
        &self,
        address: IpAddr,
        name: &str,
        now: Instant,
    ) -> Result<(), Duration> {
        self.count(&keys(address, name), now)
    }

    /// Counts who goes to the identity provider. An error says how long to wait.
    pub(crate) fn goes_away(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.count(&[(Key::Away(network(address)), PER_ADDRESS)], now)
    }

    /// Somebody has come back and is known.
    pub(crate) fn came_back(&self, address: IpAddr) {
        forgive(&mut self.counts.lock(), &Key::Away(network(address)));
    }

    fn count(&self, keys: &[(Key, u32)], now: Instant) -> Result<(), Duration> {
        let mut counts = self.counts.lock();
        if counts.len() > MANY {
            counts.retain(|_, count| now.duration_since(count.since) < WINDOW);
        }
        for (key, most) in keys {
            if let Some(count) = counts.get(key)
                && count.attempts >= *most
                && now.duration_since(count.since) < WINDOW
            {
                return Err(WINDOW - now.duration_since(count.since));
            }
        }
        for (key, _) in keys {
            let count = counts.entry(key.clone()).or_insert(Count { since: now, attempts: 0 });
            if now.duration_since(count.since) >= WINDOW {
                *count = Count { since: now, attempts: 0 };
            }
            count.attempts += 1;
        }
        Ok(())
    }

    /// The attempt was none to guess.
    pub(crate) fn succeeded(&self, address: IpAddr, name: &str) {
        let mut counts = self.counts.lock();
        let [(address, _), (name, _)] = keys(address, name);
        counts.remove(&name);
        forgive(&mut counts, &address);
    }
}

/// Takes one attempt back.
fn forgive(counts: &mut HashMap<Key, Count>, key: &Key) {
    if let Some(count) = counts.get_mut(key) {
        count.attempts = count.attempts.saturating_sub(1);
    }
}

fn keys(address: IpAddr, name: &str) -> [(Key, u32); 2] {
    // Nobody has more than one account in mind who types a kilobyte.
    let name: String = Name::key(name).chars().take(64).collect();
    [(Key::Address(network(address)), PER_ADDRESS), (Key::Name(name), PER_NAME)]
}

/// Whoever has an IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_is_guessed_at_ten_times_from_wherever() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for number in 0..10 {
            throttle.attempt(address(&format!("10.0.0.{number}")), "Anna", now).unwrap();
        }
        let wait = throttle.attempt(address("10.0.0.99"), "anna", now).unwrap_err();
        assert!(wait <= WINDOW && wait > WINDOW / 2);
        throttle.attempt(address("10.0.0.99"), "bob", now).unwrap();
        throttle.attempt(address("10.0.0.99"), "anna", now + WINDOW).unwrap();
    }

    #[test]
    fn an_address_guesses_thirty_times_whatever_the_name() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for number in 0..30 {
            throttle.attempt(address("2001:db8::1"), &format!("n{number}"), now).unwrap();
        }
        // Another address of the same network is the same.
        assert!(throttle.attempt(address("2001:db8::2"), "anna", now).is_err());
        assert!(throttle.attempt(address("2001:db8:1::1"), "anna", now).is_ok());
    }

    #[test]
    fn who_gets_it_right_may_go_on() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..100 {
            throttle.attempt(address("10.0.0.1"), "anna", now).unwrap();
            throttle.succeeded(address("10.0.0.1"), "anna");
        }
    }
}
