//! The application: its size, its start, its answers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    figure::{Figure, Limit},
    median,
    page::Section,
    server::{self, App},
};
use crate::{
    build::{self, NATIVE},
    bundle::{self, Program},
    compress::Effort,
    process::{self, cargo},
    progress::step,
    setup,
    source_files::files_below,
    test,
    workspace::Workspace,
};

/// Most bytes of the binary, which has no weights inside.
const BINARY_LIMIT: f64 = 60e6;
/// Most bytes of the idle server's memory, without the model.
const MEMORY_LIMIT: f64 = 60e6;
/// Longest time from a start to the whole first page, in seconds.
const START_LIMIT: f64 = 0.3;
/// Starts, and short questions.
const REPEATS: usize = 10;
/// Rounds of engine and server, one after the other, so that a slow minute hits both.
const ROUNDS: usize = 5;
/// Tokens of a long answer.
const TOKENS: &str = "200";
/// Pause before the idle server's memory is looked at.
const IDLE: Duration = Duration::from_secs(2);
const SHORT_QUESTION: &str = "What is the capital of France?";
const LONG_QUESTION: &str = "Write a very long story about a house spirit and a grey cat.";

/// Builds the application as it is shipped, and measures it.
pub(super) fn measure(workspace: &Workspace) -> Result<Section> {
    let mut figures = vec![];
    setup::wasm_target(workspace)?;
    setup::native_tools(true)?;
    let manifest = build::assets(workspace, Effort::Best)?;
    step("server and examples", || {
        process::run(
            cargo(workspace.root())
                .args(["build", "--release", "--bin", "domovoi"])
                .args(["--example", "answer_speed", "--example", "engine_speed"])
                .args(NATIVE),
        )
    })?;
    let binary = fs::metadata(workspace.server_binary()).context("reading the binary")?.len();
    figures.push(
        Figure::new("binary_size", "the binary, web app included", binary as f64, "bytes")
            .limit(Limit::AtMost(BINARY_LIMIT)),
    );
    let first_load = bundle::first_load(workspace, &manifest, Program::Chat)? as f64;
    let what = "WebAssembly, JavaScript and stylesheet of the first page, with brotli";
    figures.push(
        Figure::new("first_load", what, first_load, "bytes")
            .limit(Limit::AtMost(test::FIRST_LOAD_LIMIT as f64)),
    );

    let weights = test::weights(workspace)?;
    let data = data_folder(workspace, &weights)?;
    // The first start makes what the second one finds.
    start(workspace, &data)?.stop()?;
    step("starts", || figures_of_starts(workspace, &data, &mut figures))?;
    step("answers", || figures_of_answers(workspace, &data, &weights, &mut figures))?;
    Ok(Section {
        heading: "The application",
        about: "The model is SmolLM2 135M (Q4_1), on all cores but one. Engine and server are \
                measured\nin turns, so that both meet the same conditions.",
        figures,
        curves: None,
        failed: 0,
    })
}

fn figures_of_starts(workspace: &Workspace, data: &Path, figures: &mut Vec<Figure>) -> Result<()> {
    let mut seconds = vec![];
    for _ in 0..REPEATS {
        let server = start(workspace, data)?;
        seconds.push(server.first_page.as_secs_f64());
        server.stop()?;
    }
    let what = "from starting the program again to the whole first page, median of 10";
    figures.push(
        Figure::new("second_start", what, median(seconds), "s").limit(Limit::AtMost(START_LIMIT)),
    );
    Ok(())
}

fn figures_of_answers(
    workspace: &Workspace,
    data: &Path,
    weights: &Path,
    figures: &mut Vec<Figure>,
) -> Result<()> {
    let server = start(workspace, data)?;
    let address = format!("ws://{}", server.address());
    // Waits until the model is loaded.
    answer(workspace, &address, SHORT_QUESTION)?;
    thread::sleep(IDLE);
    if let Some(bytes) = server.resident_bytes() {
        let what = "resident memory of the idle server, without the model's process";
        let figure = Figure::new("idle_memory", what, bytes as f64, "bytes");
        figures.push(figure.limit(Limit::AtMost(MEMORY_LIMIT)));
    }
    let mut first_words = vec![];
    for _ in 0..REPEATS {
        let measured = answer(workspace, &address, SHORT_QUESTION)?;
        first_words.push(number(&measured, "first_word_seconds")?);
    }
    let (mut engine, mut whole) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let alone = process::read_json(
            Command::new(workspace.example("engine_speed"))
                .arg(weights)
                .args([&server::threads().to_string(), TOKENS]),
        )?;
        engine.push(number(&alone, "tokens_per_second")?);
        let measured = answer(workspace, &address, LONG_QUESTION)?;
        whole.push(number(&measured, "tokens_per_second")?);
    }
    server.stop()?;
    let (engine, whole) = (median(engine), median(whole));
    figures.extend([
        Figure::new(
            "first_word",
            "from sending a short question to the first word, median of 10",
            median(first_words),
            "s",
        )
        .limit(Limit::AtMost(2.0)),
        Figure::new(
            "engine_speed",
            "llama.cpp alone, as llama-bench measures it, median of 5",
            engine,
            "tokens/s",
        ),
        Figure::new(
            "server_speed",
            "the same weights through the whole server to a WebSocket, median of 5",
            whole,
            "tokens/s",
        ),
        Figure::new(
            "server_to_engine",
            "the server's speed as a share of the engine's",
            whole / engine,
            "",
        )
        .limit(Limit::AtLeast(0.9)),
    ]);
    Ok(())
}

/// A fresh data folder that has the weights already.
fn data_folder(workspace: &Workspace, weights: &Path) -> Result<PathBuf> {
    let data = workspace.scratch().join("bench");
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    let models = data.join("models");
    fs::create_dir_all(&models)?;
    for file in files_below(weights.parent().context("weights are in no folder")?, &[])? {
        if let Some(name) = file.file_name() {
            // A link keeps the date that the mark of a checked file holds.
            fs::hard_link(&file, models.join(name)).context("linking the weights")?;
        }
    }
    Ok(data)
}

fn start(workspace: &Workspace, data: &Path) -> Result<App> {
    App::start(&workspace.server_binary(), data, test::TEST_MODEL)
}

fn answer(workspace: &Workspace, address: &str, question: &str) -> Result<Value> {
    let mut command = Command::new(workspace.example("answer_speed"));
    process::read_json(command.args([address, question, TOKENS]))
}

fn number(measured: &Value, key: &str) -> Result<f64> {
    measured[key].as_f64().with_context(|| format!("{key} is not in {measured}"))
}
