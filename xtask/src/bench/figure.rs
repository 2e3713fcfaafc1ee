//! A figure, its limit, and the three ways it is told: JSON, a table, a page.

use std::{fmt::Write, process::Command};

use anyhow::Result;
use serde_json::json;

use crate::process;

/// One measured figure.
pub(super) struct Figure {
    /// Its name in JSON.
    pub(super) name: &'static str,
    /// What it is, for people.
    pub(super) what: &'static str,
    /// Its value, in `unit`.
    pub(super) value: f64,
    /// Its unit; empty for a ratio.
    pub(super) unit: &'static str,
    /// What is promised, if anything.
    pub(super) limit: Option<Limit>,
}

/// What a figure has to keep.
#[derive(Clone, Copy)]
pub(super) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    /// Whether the limit is kept.
    pub(super) fn holds(&self) -> bool {
        match self.limit {
            None => true,
            Some(Limit::AtMost(limit)) => self.value <= limit,
            Some(Limit::AtLeast(limit)) => self.value >= limit,
        }
    }

    /// One line of JSON.
    pub(super) fn json(&self) -> String {
        let mut line = json!({"figure": self.name, "value": self.value, "unit": self.unit});
        match self.limit {
            None => {}
            Some(Limit::AtMost(limit)) => line["at_most"] = limit.into(),
            Some(Limit::AtLeast(limit)) => line["at_least"] = limit.into(),
        }
        line["holds"] = self.holds().into();
        line.to_string()
    }

    fn limit(&self) -> String {
        match self.limit {
            None => String::new(),
            Some(Limit::AtMost(limit)) => format!("at most {}", amount(limit, self.unit)),
            Some(Limit::AtLeast(limit)) => format!("at least {}", amount(limit, self.unit)),
        }
    }
}

/// A Markdown table that is read as well in a terminal.
pub(super) fn table(figures: &[Figure]) -> String {
    let head = ["figure".to_owned(), "measured".to_owned(), "limit".to_owned()];
    let rows = figures.iter().map(|figure| {
        let missed = if figure.holds() { "" } else { " (missed)" };
        let measured = amount(figure.value, figure.unit) + missed;
        [figure.what.to_owned(), measured, figure.limit()]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let mut table = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(table, "| {cell:width$} ");
        }
        table.push_str("|\n");
        if index == 0 {
            let rules = widths.map(|width| "-".repeat(width + 2));
            let _ = writeln!(table, "|{}|", rules.join("|"));
        }
    }
    table
}

/// `docs/benchmarks.md`.
pub(super) fn page(figures: &[Figure]) -> Result<String> {
    let date = process::read(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    Ok(format!(
        "# Benchmarks\n\nWritten by `cargo xtask bench --save` on {}, on {cores} cores of {}.\n\
         The model is SmolLM2 135M (Q4_1), on all cores but one. Engine and server are measured\n\
         in turns, so that both meet the same conditions.\n\n{}",
        date.trim(),
        processor(),
        table(figures)
    ))
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    let name = line.map(|line| line.trim_start_matches([' ', '\t', ':']).to_owned());
    name.unwrap_or_else(|| format!("a machine of the kind {}", std::env::consts::ARCH))
}

fn amount(value: f64, unit: &str) -> String {
    match unit {
        "bytes" if value >= 1e6 => format!("{:.1} MB", value / 1e6),
        "bytes" => format!("{:.1} kB", value / 1e3),
        "s" if value < 1.0 => format!("{:.0} ms", value * 1e3),
        "s" => format!("{value:.0} s"),
        "" => format!("{value:.2}"),
        unit => format!("{value:.1} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_a_side() {
        let figure =
            |limit| Figure { name: "x", what: "x", value: 0.9, unit: "", limit: Some(limit) };
        assert!(figure(Limit::AtLeast(0.9)).holds() && figure(Limit::AtMost(0.9)).holds());
        assert!(!figure(Limit::AtLeast(0.91)).holds() && !figure(Limit::AtMost(0.89)).holds());
    }

    #[test]
    fn a_missed_limit_is_seen_in_the_table() {
        let limit = Some(Limit::AtMost(450e3));
        let figure = Figure { name: "l", what: "load", value: 451e3, unit: "bytes", limit };
        assert_eq!(
            table(&[figure]),
            "| figure | measured          | limit            |\n\
             |--------|-------------------|------------------|\n\
             | load   | 451.0 kB (missed) | at most 450.0 kB |\n"
        );
    }
}
