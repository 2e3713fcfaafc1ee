//! Numbers as people read them.

use crate::language::t;

/// An amount of data: `491 MB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const KB: u64 = 1_000;
    const MB: u64 = KB * 1_000;
    const GB: u64 = MB * 1_000;
    match count {
        0..KB => t().bytes(count),
        KB..MB => format!("{} kB", count / KB),
        MB..GB => format!("{} MB", count / MB),
        _ => format!("{}{}{} GB", count / GB, t().decimal_point(), count % GB / (GB / 10)),
    }
}

/// How long something will still take: `about 2 minutes left`.
#[must_use]
pub fn time_left(seconds: u64) -> String {
    match seconds {
        0..=9 => t().a_few_seconds_left().to_owned(),
        10..=59 => t().seconds_left(seconds / 10 * 10),
        60..=90 => t().about_a_minute_left().to_owned(),
        91..=5400 => t().about_minutes_left((seconds + 30) / 60),
        _ => t().about_hours_left((seconds + 1800) / 3600),
    }
}

/// How long something took: `2.1 s`, `1 min 5 s`.
#[must_use]
pub fn duration(ms: u64) -> String {
    match ms {
        0..60_000 => format!("{}{}{} s", ms / 1000, t().decimal_point(), ms % 1000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// An amount of money, in whatever currency, to a hundredth or to a millionth: `1.50`, `0.000123`.
/// What is less is `0`. Without the code for decimal fractions, which is large.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
pub fn money(amount: f64) -> String {
    let millionths = (amount * 1e6 + 0.5) as u64;
    match millionths {
        0 => "0".to_owned(),
        1..1_000_000 => {
            let digits = format!("{millionths:06}");
            format!("0{}{}", t().decimal_point(), digits.trim_end_matches('0'))
        }
        _ => {
            let cents = millionths % 1_000_000 / 10_000;
            format!("{}{}{cents:02}", millionths / 1_000_000, t().decimal_point())
        }
    }
}

/// A time before or after `now`, both in milliseconds since 1970: `5 minutes ago`, `in 2 days`.
#[must_use]
pub fn relative(now: i64, time: i64) -> String {
    let minutes = time.abs_diff(now) / 60_000;
    let (count, one, many) = match minutes {
        0 => return if time > now { t().in_a_moment() } else { t().just_now() }.to_owned(),
        1..=89 => (minutes, t().minute(), t().minutes()),
        90..=2159 => ((minutes + 30) / 60, t().hour(), t().hours()),
        _ => ((minutes + 720) / 1440, t().day(), t().days()),
    };
    // Both languages have one plural, for everything but one.
    let unit = if count == 1 { one } else { many };
    match time > now {
        true => t().in_count(count, unit),
        false => t().count_ago(count, unit),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, duration, money, relative, time_left};

    #[test]
    fn what_an_answer_took() {
        assert_eq!((duration(40), duration(2199)), ("0.0 s".to_owned(), "2.1 s".to_owned()));
        assert_eq!(duration(65_000), "1 min 5 s");
        assert_eq!((money(1.5), money(0.0012)), ("1.50".to_owned(), "0.0012".to_owned()));
        assert_eq!((money(0.000_000_1), money(-1.0)), ("0".to_owned(), "0".to_owned()));
    }

    #[test]
    fn amounts() {
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(12_345), "12 kB");
        assert_eq!(bytes(491_400_064), "491 MB");
        assert_eq!(bytes(1_117_320_768), "1.1 GB");
    }

    #[test]
    fn times_before_and_after() {
        const MINUTE: i64 = 60_000;
        assert_eq!(relative(100, 0), "just now");
        assert_eq!(relative(0, 100), "in a moment");
        assert_eq!(relative(MINUTE, 0), "1 minute ago");
        assert_eq!(relative(0, 90 * MINUTE), "in 2 hours");
        assert_eq!(relative(3 * 1440 * MINUTE, 0), "3 days ago");
    }

    #[test]
    fn times() {
        assert_eq!(time_left(3), "a few seconds left");
        assert_eq!(time_left(48), "40 seconds left");
        assert_eq!(time_left(75), "about a minute left");
        assert_eq!(time_left(130), "about 2 minutes left");
        assert_eq!(time_left(7200), "about 2 hours left");
    }
}
