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

#[cfg(test)]
mod tests {
    use super::{bytes, time_left};

    #[test]
    fn amounts() {
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(12_345), "12 kB");
        assert_eq!(bytes(491_400_064), "491 MB");
        assert_eq!(bytes(1_117_320_768), "1.1 GB");
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
