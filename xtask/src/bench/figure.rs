//! A figure and its limit, as a line of JSON and as a row of a table.

use std::fmt::Write;

use serde_json::json;

/// One measured figure.
#[derive(Debug)]
pub(super) struct Figure {
    /// Its name in JSON.
    name: &'static str,
    /// What it is, for people.
    what: &'static str,
    /// Its value, in `unit`.
    value: f64,
    /// Its unit; empty for a ratio.
    unit: &'static str,
    /// What is promised, if anything.
    limit: Option<Limit>,
    /// The same of what people use today, where it was measured.
    peer: Option<&'static str>,
}

/// What a figure has to keep.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    /// A figure that promises nothing.
    pub(super) fn new(
        name: &'static str,
        what: &'static str,
        value: f64,
        unit: &'static str,
    ) -> Self {
        Self { name, what, value, unit, limit: None, peer: None }
    }

    /// What is promised.
    pub(super) fn limit(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The same of what people use today.
    pub(super) fn peer(mut self, peer: &'static str) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Whether the limit is kept. What is no number keeps none.
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

    fn row(&self, peers: bool) -> Vec<String> {
        let missed = if self.holds() { "" } else { " (missed)" };
        let limit = match self.limit {
            None => String::new(),
            Some(Limit::AtMost(limit)) => format!("at most {}", amount(limit, self.unit)),
            Some(Limit::AtLeast(limit)) => format!("at least {}", amount(limit, self.unit)),
        };
        let mut row = vec![self.what.to_owned(), amount(self.value, self.unit) + missed, limit];
        row.extend(peers.then(|| self.peer.unwrap_or_default().to_owned()));
        row
    }
}

/// The figures as a table; the last column only where there is something in it.
pub(super) fn table(figures: &[Figure]) -> String {
    let peers = figures.iter().any(|figure| figure.peer.is_some());
    let mut head = vec!["figure", "measured", "limit"];
    head.extend(peers.then_some("npm agents 0.32 on workerd"));
    markdown(&head, figures.iter().map(|figure| figure.row(peers)))
}

/// A Markdown table that is read as well in a terminal.
pub(super) fn markdown(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let width =
        |column: usize| rows.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max();
    let widths: Vec<usize> = (0..).map_while(width).collect();
    let mut table = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(table, "| {cell:width$} ");
        }
        table.push_str("|\n");
        if index == 0 {
            let rules: Vec<_> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
            let _ = writeln!(table, "|{}|", rules.join("|"));
        }
    }
    table
}

/// A value in the unit a person reads easily.
pub(super) fn amount(value: f64, unit: &str) -> String {
    match unit {
        "bytes" if value >= 1e6 => format!("{:.1} MB", value / 1e6),
        "bytes" if value.abs() < 1e3 => format!("{value:.0} bytes"),
        "bytes" => format!("{:.1} kB", value / 1e3),
        "s" if value < 1e-4 => format!("{:.1} µs", value * 1e6),
        "s" if value < 1e-3 => format!("{:.0} µs", value * 1e6),
        "s" if value < 5e-3 => format!("{:.1} ms", value * 1e3),
        "s" if value < 1.0 => format!("{:.0} ms", value * 1e3),
        "s" => format!("{value:.0} s"),
        "" => format!("{value:.2}"),
        "/s" => format!("{value:.0} a second"),
        "files" | "chunks" => format!("{value:.0}"),
        unit => format!("{value:.1} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_a_side() {
        let figure = |limit| Figure::new("x", "x", 0.9, "").limit(limit);
        assert!(figure(Limit::AtLeast(0.9)).holds() && figure(Limit::AtMost(0.9)).holds());
        assert!(!figure(Limit::AtLeast(0.91)).holds() && !figure(Limit::AtMost(0.89)).holds());
        assert!(!Figure::new("x", "x", f64::NAN, "").limit(Limit::AtMost(1.0)).holds());
    }

    #[test]
    fn a_missed_limit_is_seen_in_the_table() {
        let figure = Figure::new("l", "load", 451e3, "bytes").limit(Limit::AtMost(450e3));
        assert_eq!(
            table(&[figure]),
            "| figure | measured          | limit            |\n\
             |--------|-------------------|------------------|\n\
             | load   | 451.0 kB (missed) | at most 450.0 kB |\n"
        );
    }

    #[test]
    fn peers_have_a_column_where_there_are_any() {
        let figure = Figure::new("c", "call", 2e-5, "s").peer("90 µs");
        assert_eq!(
            table(&[figure]),
            "| figure | measured | limit | npm agents 0.32 on workerd |\n\
             |--------|----------|-------|----------------------------|\n\
             | call   | 20.0 µs  |       | 90 µs                      |\n"
        );
    }
}
