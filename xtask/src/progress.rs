//! What a person sees while something long runs: one heading for each step, and its time.

use std::time::Instant;

use anyhow::Result;

/// Prints a heading, does the work, and prints how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {name}");
    let start = Instant::now();
    let done = work()?;
    eprintln!("    {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(done)
}

/// A number of bytes in the unit a person reads easily.
pub(crate) fn kilobytes(bytes: u64) -> String {
    let tenths = bytes / 100;
    format!("{}.{} kB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::kilobytes;

    #[test]
    fn kilobytes_are_decimal_with_one_place() {
        assert_eq!(kilobytes(0), "0.0 kB");
        assert_eq!(kilobytes(1_250), "1.2 kB");
        assert_eq!(kilobytes(450_000), "450.0 kB");
    }
}
