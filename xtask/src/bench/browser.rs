//! The page in a browser: Lighthouse, a long conversation, an answer that streams.

use std::process::Command;

use anyhow::{Context, Result};

use super::{
    figure::{Figure, Limit},
    page::Section,
};
use crate::{
    build::{self, NATIVE},
    compress::Effort,
    process::{self, cargo},
    progress::step,
    setup,
    workspace::Workspace,
};

const ABOUT: &str = "\
Chromium without a window and without a graphics card, on the same cores as the server. Lighthouse with the\n\
settings of its desktop, on the page of a conversation of 1,000 messages. Frames are counted while a person\n\
scrolls through all of them and types. The answer that streams is Markdown of 200 tokens a\n\
second; how busy the main thread is with it is its processor time.";

/// Name in the script's answer, what it is, unit, and limit.
const FIGURES: [(&str, &str, &str, Option<Limit>); 7] = [
    ("lighthouse_performance", "Lighthouse: performance", "", Some(Limit::AtLeast(95.0))),
    ("lighthouse_accessibility", "Lighthouse: accessibility", "", Some(Limit::AtLeast(100.0))),
    ("lighthouse_best_practices", "Lighthouse: best practices", "", Some(Limit::AtLeast(100.0))),
    (
        "first_contentful_paint_seconds",
        "from the request to the first paint with content, as Lighthouse has it",
        "s",
        None,
    ),
    (
        "open_1000_messages_seconds",
        "from the address of a conversation of 1,000 messages to its page, alive",
        "s",
        Some(Limit::AtMost(1.0)),
    ),
    (
        "long_frame_share",
        "the share of frames longer than 34 ms in it",
        "",
        // One in a hundred, of some hundred: no computer is without any.
        Some(Limit::AtMost(0.01)),
    ),
    (
        "streaming_busy_share",
        "the share of time the page's main thread works while an answer streams",
        "",
        Some(Limit::AtMost(0.3)),
    ),
];

/// Builds the application and looks at its page.
pub(super) fn measure(workspace: &Workspace) -> Result<Section> {
    setup::wasm_target(workspace)?;
    setup::native_tools(true)?;
    setup::node()?;
    setup::browser()?;
    setup::npm_packages(workspace)?;
    setup::npm_packages_of(workspace, "end2end/audit")?;
    build::assets(workspace, Effort::Best)?;
    step("server", || {
        process::run(
            cargo(workspace.root()).args(["build", "--release", "--bin", "domovoi"]).args(NATIVE),
        )
    })?;
    let measured = step("the page in a browser", || {
        process::read_json(
            Command::new("node")
                .arg("audit.mjs")
                .current_dir(workspace.path("end2end/audit"))
                .env("DOMOVOI_TEST_BINARY", workspace.server_binary()),
        )
    })?;
    let mut figures = Vec::with_capacity(FIGURES.len());
    for (name, what, unit, limit) in FIGURES {
        let value = measured[name].as_f64().with_context(|| format!("no figure {name}"))?;
        let figure = Figure::new(name, what, value, unit);
        figures.push(match limit {
            Some(limit) => figure.limit(limit),
            None => figure,
        });
    }
    Ok(Section { heading: "The page in a browser", about: ABOUT, figures, curves: None, failed: 0 })
}
