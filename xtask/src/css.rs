//! The stylesheet: encre-css's reset, then the files in `style`, then one rule for each utility
//! class that the code of `app` names.
//!
//! The order is what makes it work: a utility class wins over the base, the base over the
//! reset, without a single `!important`.

mod extra_utilities;

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result};
use encre_css::{Config, Preflight};

use crate::{class_scan, source_files::files_below, workspace::Workspace};

/// The files in `style`, in the order in which later rules win.
const FILES: [&str; 9] = [
    "tokens",
    "document",
    "controls",
    "sidebar",
    "conversation",
    "markdown",
    "code",
    "motion",
    "touch",
];

/// Writes the whole stylesheet as text.
pub(crate) fn build(workspace: &Workspace) -> Result<String> {
    let mut config = config(&workspace.path("style/encre.toml"))?;
    let mut words = BTreeSet::new();
    for file in files_below(&workspace.path("app/src"), &["rs"])? {
        let source =
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        words.extend(
            class_scan::words(&source)
                .with_context(|| format!("reading string literals of {}", file.display()))?,
        );
    }
    let base = base(workspace)?;
    let mut css = reset(&config);
    css.push('\n');
    css.push_str(&base);
    css.push('\n');
    config.preflight = Preflight::new_none();
    css.push_str(&encre_css::generate(words.iter().map(String::as_str), &config));
    Ok(compact(&css))
}

/// The classes that `app` uses and nothing styles, each with the file that names it: spelling
/// mistakes, mostly.
pub(crate) fn classes_without_rule(workspace: &Workspace) -> Result<Vec<String>> {
    let mut config = config(&workspace.path("style/encre.toml"))?;
    config.preflight = Preflight::new_none();
    config.safelist = encre_css::config::Safelist::default();
    let hooks = class_scan::selectors(&base(workspace)?);
    let mut missing = BTreeSet::new();
    for file in files_below(&workspace.path("app/src"), &["rs"])? {
        let source =
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        let classes = class_scan::classes(&source)
            .with_context(|| format!("reading classes of {}", file.display()))?;
        for class in classes {
            let known = hooks.contains(&class)
                || !encre_css::generate([class.as_str()], &config).is_empty();
            if !known {
                missing.insert(format!("{class} in {}", file.display()));
            }
        }
    }
    Ok(missing.into_iter().collect())
}

/// Reads encre-css's configuration: the theme's colours, fonts and breakpoints.
fn config(file: &Path) -> Result<Config> {
    let mut config = if file.exists() {
        Config::from_file(file)
            .map_err(|error| anyhow::anyhow!("{error}"))
            .with_context(|| format!("reading {}", file.display()))?
    } else {
        Config::default()
    };
    encre_css_typography::register(&mut config);
    extra_utilities::register(&mut config);
    Ok(config)
}

/// The hand-written part: tokens, elements, and what utilities cannot say.
fn base(workspace: &Workspace) -> Result<String> {
    let read = |name: &&str| {
        let file = workspace.path(&format!("style/{name}.css"));
        fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
    };
    FILES.iter().map(read).collect()
}

/// encre-css's reset alone.
fn reset(config: &Config) -> String {
    let mut config = config.clone();
    config.safelist = encre_css::config::Safelist::default();
    encre_css::generate([], &config)
}

/// Drops comments, indentation and empty lines. What is left compresses as well as a real
/// minifier's output, without the risk of one.
fn compact(css: &str) -> String {
    let mut text = String::with_capacity(css.len());
    let mut rest = css;
    let mut quote = None;
    while let Some(next) = rest.chars().next() {
        let length = next.len_utf8();
        match quote {
            None if rest.starts_with("/*") => {
                let end = rest.find("*/").map_or(rest.len(), |at| at + 2);
                rest = &rest[end..];
                continue;
            }
            None if next == '"' || next == '\'' => quote = Some(next),
            Some(open) if next == open => quote = None,
            Some(_) if next == '\\' => {
                let escaped = rest[length..].chars().next().map_or(0, char::len_utf8);
                text.push_str(&rest[..length + escaped]);
                rest = &rest[length + escaped..];
                continue;
            }
            _ => {}
        }
        text.push(next);
        rest = &rest[length..];
    }
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .flat_map(|line| [line, "\n"])
        .collect()
}

#[cfg(test)]
mod tests;
