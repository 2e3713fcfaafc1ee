//! Counting tests over three runners, by the summaries they print.

use std::{
    fmt,
    io::{BufRead, BufReader, Read, Write},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail};

use crate::process;

/// Tests passed and failed so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    passed: u64,
    failed: u64,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Whose summary to look for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Runner {
    /// `Summary [ 0.1s] 15 tests run: 14 passed (1 slow), 1 failed, 0 skipped`
    Nextest,
    /// `test result: ok. 3 passed; 0 failed; ...`, once for each crate
    Rustdoc,
    /// `ℹ pass 3` and `ℹ fail 0`
    Node,
}

impl Totals {
    /// Runs a test runner, passes on what it prints, and adds what it counted; an error if it
    /// failed.
    pub(crate) fn add(&mut self, runner: Runner, command: &mut Command) -> Result<()> {
        let line = process::display(command);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start `{line}`"))?;
        let stdout = child.stdout.take();
        let stderr = child.stderr.take();
        let (out, err) = thread::scope(|scope| {
            let out = scope.spawn(|| pass_on(stdout, std::io::stdout(), runner));
            let err = scope.spawn(|| pass_on(stderr, std::io::stderr(), runner));
            (out.join(), err.join())
        });
        for counted in [out, err].into_iter().flatten() {
            self.passed += counted.passed;
            self.failed += counted.failed;
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("`{line}` failed ({status})");
        }
        Ok(())
    }
}

/// Copies a stream line by line, counting as it goes. A stream that breaks just ends.
fn pass_on(from: Option<impl Read>, mut to: impl Write, runner: Runner) -> Totals {
    let mut totals = Totals::default();
    let Some(from) = from else { return totals };
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // Nobody to tell when our own output is closed.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        let counted = summary(runner, &String::from_utf8_lossy(&line));
        totals.passed += counted.passed;
        totals.failed += counted.failed;
        line.clear();
    }
    totals
}

/// What one line adds.
fn summary(runner: Runner, line: &str) -> Totals {
    let line = without_colours(line);
    let words: Vec<&str> = line
        .split(|character: char| character.is_whitespace() || ",;:()".contains(character))
        .filter(|word| !word.is_empty())
        .collect();
    let before = |name: &str| -> u64 {
        words
            .windows(2)
            .filter(|pair| pair[1] == name)
            .filter_map(|pair| pair[0].parse::<u64>().ok())
            .sum()
    };
    match runner {
        Runner::Nextest if words.first() == Some(&"Summary") => Totals {
            passed: before("passed"),
            failed: before("failed") + before("timed") + before("exec"),
        },
        Runner::Rustdoc if line.trim_start().starts_with("test result:") => {
            Totals { passed: before("passed"), failed: before("failed") }
        }
        Runner::Node => match words[..] {
            ["ℹ" | "#", "pass", number] => {
                Totals { passed: number.parse().unwrap_or(0), failed: 0 }
            }
            ["ℹ" | "#", "fail" | "cancelled", number] => {
                Totals { passed: 0, failed: number.parse().unwrap_or(0) }
            }
            _ => Totals::default(),
        },
        Runner::Nextest | Runner::Rustdoc => Totals::default(),
    }
}

/// A line without terminal escapes.
fn without_colours(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Runner, Totals, summary};

    fn totals(passed: u64, failed: u64) -> Totals {
        Totals { passed, failed }
    }

    #[test]
    fn nextest() {
        let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   1.2s] 9 tests run: 6 passed (1 slow), 2 failed, 1 timed out, 3 skipped\n";
        assert_eq!(summary(Runner::Nextest, line), totals(6, 3));
        assert_eq!(summary(Runner::Nextest, "test 4 passed\n"), totals(0, 0));
    }

    #[test]
    fn rustdoc() {
        let line = "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(summary(Runner::Rustdoc, line), totals(3, 1));
    }

    #[test]
    fn node() {
        assert_eq!(summary(Runner::Node, "ℹ pass 12\n"), totals(12, 0));
        assert_eq!(summary(Runner::Node, "ℹ fail 1\n"), totals(0, 1));
        assert_eq!(summary(Runner::Node, "ℹ cancelled 2\n"), totals(0, 2));
        assert_eq!(summary(Runner::Node, "ℹ tests 12\n"), totals(0, 0));
    }

    #[test]
    fn the_closing_line() {
        assert_eq!(totals(12, 0).to_string(), "12 passed, 0 failed");
    }
}
