//! Numbers as people read them.

/// An amount of data: `491 MB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const KB: u64 = 1_000;
    const MB: u64 = KB * 1_000;
    const GB: u64 = MB * 1_000;
    match count {
        0..KB => format!("{count} bytes"),
        KB..MB => format!("{} kB", count / KB),
        MB..GB => format!("{} MB", count / MB),
        _ => format!("{}.{} GB", count / GB, count % GB / (GB / 10)),
    }
}

/// How long something will still take: `about 2 minutes left`.
#[must_use]
pub fn time_left(seconds: u64) -> String {
    match seconds {
        0..=9 => "a few seconds left".to_owned(),
        10..=59 => format!("{} seconds left", seconds / 10 * 10),
        60..=90 => "about a minute left".to_owned(),
        91..=5400 => format!("about {} minutes left", (seconds + 30) / 60),
        _ => format!("about {} hours left", (seconds + 1800) / 3600),
    }
}

/// How long something took: `2.1 s`, `1 min 5 s`.
#[must_use]
pub fn duration(ms: u64) -> String {
    match ms {
        0..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
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
            format!("0.{}", digits.trim_end_matches('0'))
        }
        _ => format!("{}.{:02}", millionths / 1_000_000, millionths % 1_000_000 / 10_000),
    }
}

/// A time before or after `now`, both in milliseconds since 1970: `5 minutes ago`, `in 2 days`.
#[must_use]
pub fn relative(now: i64, time: i64) -> String {
    let minutes = time.abs_diff(now) / 60_000;
    let (count, unit) = match minutes {
        0 => return if time > now { "in a moment" } else { "just now" }.to_owned(),
        1..=89 => (minutes, "minute"),
        90..=2159 => ((minutes + 30) / 60, "hour"),
        _ => ((minutes + 720) / 1440, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    match time > now {
        true => format!("in {count} {unit}{plural}"),
        false => format!("{count} {unit}{plural} ago"),
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
