//! `docs/benchmarks.md`: one section for each part, replaced when that part is measured again.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};

use super::figure::{self, Figure};
use crate::process;

const HEAD: &str = "# Benchmarks\n\nWritten by `cargo xtask bench --save`.\n";

/// What was measured of one part.
pub(super) struct Section {
    pub(super) heading: &'static str,
    /// How it was measured.
    pub(super) about: &'static str,
    pub(super) figures: Vec<Figure>,
    /// A second table, and what it shows.
    pub(super) curves: Option<(&'static str, String)>,
    /// Scenarios that could not be measured.
    pub(super) failed: usize,
}

impl Section {
    /// How many figures miss their limit.
    pub(super) fn missed(&self) -> usize {
        self.figures.iter().filter(|figure| !figure.holds()).count()
    }

    /// The section's tables.
    pub(super) fn tables(&self) -> String {
        let mut text = figure::table(&self.figures);
        if let Some((about, curves)) = &self.curves {
            text.push_str(&format!("\n{about}\n\n{curves}"));
        }
        text
    }

    fn text(&self, conditions: &str) -> String {
        format!("{conditions}\n{}\n\n{}", self.about, self.tables())
    }
}

/// Writes the sections into the page; those of other parts stay.
pub(super) fn save(path: &Path, sections: &[Section]) -> Result<()> {
    let page = fs::read_to_string(path).unwrap_or_default();
    let conditions = conditions()?;
    let page = sections
        .iter()
        .fold(page, |page, section| replaced(&page, section.heading, &section.text(&conditions)));
    fs::write(path, page).with_context(|| format!("writing {}", path.display()))
}

/// The page with one section replaced, or added at the end.
fn replaced(page: &str, heading: &str, text: &str) -> String {
    let mut sections: Vec<(&str, &str)> = page
        .split("\n## ")
        .skip(1)
        .map(|section| section.split_once('\n').unwrap_or((section, "")))
        .map(|(heading, text)| (heading, text.trim()))
        .collect();
    match sections.iter_mut().find(|(other, _)| *other == heading) {
        Some(section) => section.1 = text.trim(),
        None => sections.push((heading, text.trim())),
    }
    let sections = sections.iter().map(|(heading, text)| format!("\n## {heading}\n\n{text}\n"));
    std::iter::once(HEAD.to_owned()).chain(sections).collect()
}

/// When and on what.
fn conditions() -> Result<String> {
    let date = process::read(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    Ok(format!("Measured on {}, on {cores} cores of {}.", date.trim(), processor()))
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    let name = line.map(|line| line.trim_start_matches([' ', '\t', ':']).to_owned());
    name.unwrap_or_else(|| format!("a machine of the kind {}", std::env::consts::ARCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_added_and_then_replaced() {
        let page = replaced("", "One", "1\n");
        let page = replaced(&page, "Two", "2");
        assert_eq!(page, format!("{HEAD}\n## One\n\n1\n\n## Two\n\n2\n"));
        assert_eq!(replaced(&page, "One", "3"), format!("{HEAD}\n## One\n\n3\n\n## Two\n\n2\n"));
    }
}
