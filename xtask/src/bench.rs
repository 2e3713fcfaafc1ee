//! `cargo xtask bench`: the figures this project promises, measured on this machine.
//!
//! - [`app`]: the application: its size, its start, its answers
//! - [`agents`], [`curves`]: a server of agents under load, also with ten times the instances;
//!   [`load`]: the program that makes the load
//! - [`browser`]: the page in a browser
//! - [`chat`]: chats under load
//! - [`figure`], [`page`]: a figure and its limit, and `docs/benchmarks.md`
//! - [`server`]: a server of its own for a measurement

mod agents;
mod app;
mod browser;
mod chat;
mod curves;
mod figure;
mod load;
mod page;
mod server;

use anyhow::{Result, bail};
use clap::ValueEnum;

use self::page::Section;
use crate::workspace::Workspace;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The application: size, start, answers of the embedded model
    App,
    /// The page in a browser: Lighthouse, a long conversation, an answer that streams
    Page,
    /// Agents under load, compared with a bare WebSocket server
    Agents,
    /// Chats under load, compared with the same frames alone
    Chat,
}

/// How long to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Until the figures are worth publishing.
    Full,
    /// Long enough to see that everything works, and what is far off.
    Quick,
}

/// Measures all or one part, prints, and with `save` writes `docs/benchmarks.md`. A missed limit
/// is an error.
pub(crate) fn bench(
    workspace: &Workspace,
    part: Option<Part>,
    depth: Depth,
    save: bool,
) -> Result<()> {
    let mut sections = vec![];
    let wanted = |one| part.is_none_or(|part| part == one);
    if wanted(Part::Agents) || wanted(Part::Chat) {
        agents::check()?;
    }
    if wanted(Part::App) {
        sections.push(app::measure(workspace)?);
    }
    if wanted(Part::Page) {
        sections.push(browser::measure(workspace)?);
    }
    if wanted(Part::Agents) {
        sections.push(agents::measure(workspace, depth)?);
    }
    if wanted(Part::Chat) {
        sections.push(chat::measure(workspace, depth)?);
    }
    for figure in sections.iter().flat_map(|section| &section.figures) {
        println!("{}", figure.json());
    }
    for section in &sections {
        println!("\n{}", section.tables());
    }
    match sections.iter().map(|section| section.failed).sum::<usize>() {
        0 => {}
        failed => bail!("{failed} scenarios failed, see above; nothing is saved"),
    }
    if save {
        page::save(&workspace.path("docs/benchmarks.md"), &sections)?;
    }
    match sections.iter().map(Section::missed).sum::<usize>() {
        0 => Ok(()),
        missed => bail!("{missed} figures miss their limit"),
    }
}

/// The middle one; the upper of two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
