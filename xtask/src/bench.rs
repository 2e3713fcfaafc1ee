//! `cargo xtask bench`: the figures this project promises, measured on this machine.
//!
//! - [`figure`]: a figure, its limit, and the three ways it is told
//! - [`server`]: a server of its own for the measurement

mod figure;
mod server;

use std::{fs, path::Path, process::Command, thread, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use self::{
    figure::{Figure, Limit},
    server::Server,
};
use crate::{
    build::{self, NATIVE},
    bundle,
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

/// Measures, prints, and with `save` writes `docs/benchmarks.md`. A missed limit is an error.
pub(crate) fn bench(workspace: &Workspace, save: bool) -> Result<()> {
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
    figures.push(Figure {
        name: "binary_size",
        what: "the binary, web app included",
        value: binary as f64,
        unit: "bytes",
        limit: Some(Limit::AtMost(BINARY_LIMIT)),
    });
    figures.push(Figure {
        name: "first_load",
        what: "WebAssembly, JavaScript and stylesheet of the first page, with brotli",
        value: bundle::first_load(workspace, &manifest)? as f64,
        unit: "bytes",
        limit: Some(Limit::AtMost(test::FIRST_LOAD_LIMIT as f64)),
    });

    let weights = test::weights(workspace)?;
    let data = data_folder(workspace, &weights)?;
    // The first start makes what the second one finds.
    start(workspace, &data)?.stop()?;
    step("starts", || figures_of_starts(workspace, &data, &mut figures))?;
    step("answers", || figures_of_answers(workspace, &data, &weights, &mut figures))?;

    for figure in &figures {
        println!("{}", figure.json());
    }
    println!("\n{}", figure::table(&figures));
    if save {
        let path = workspace.path("docs/benchmarks.md");
        fs::write(&path, figure::page(&figures)?)
            .with_context(|| format!("writing {}", path.display()))?;
    }
    match figures.iter().filter(|figure| !figure.holds()).count() {
        0 => Ok(()),
        missed => bail!("{missed} figures miss their limit"),
    }
}

fn figures_of_starts(workspace: &Workspace, data: &Path, figures: &mut Vec<Figure>) -> Result<()> {
    let mut seconds = vec![];
    for _ in 0..REPEATS {
        let server = start(workspace, data)?;
        seconds.push(server.first_page.as_secs_f64());
        server.stop()?;
    }
    figures.push(Figure {
        name: "second_start",
        what: "from starting the program again to the whole first page, median of 10",
        value: median(seconds),
        unit: "s",
        limit: Some(Limit::AtMost(1.0)),
    });
    Ok(())
}

fn figures_of_answers(
    workspace: &Workspace,
    data: &Path,
    weights: &Path,
    figures: &mut Vec<Figure>,
) -> Result<()> {
    let server = start(workspace, data)?;
    let address = format!("ws://{}", server.address);
    // Waits until the model is loaded.
    answer(workspace, &address, SHORT_QUESTION)?;
    thread::sleep(IDLE);
    if let Some(bytes) = server.resident_bytes() {
        figures.push(Figure {
            name: "idle_memory",
            what: "resident memory of the idle server, without the model's process",
            value: bytes as f64,
            unit: "bytes",
            limit: None,
        });
    }
    let mut first_words = vec![];
    for _ in 0..REPEATS {
        let measured = answer(workspace, &address, SHORT_QUESTION)?;
        first_words.push(number(&measured, "first_word_seconds")?);
    }
    let (mut engine, mut whole) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let alone = Command::new(workspace.example("engine_speed"))
            .arg(weights)
            .args([&server::threads().to_string(), TOKENS])
            .output_json()?;
        engine.push(number(&alone, "tokens_per_second")?);
        let measured = answer(workspace, &address, LONG_QUESTION)?;
        whole.push(number(&measured, "tokens_per_second")?);
    }
    server.stop()?;
    let (engine, whole) = (median(engine), median(whole));
    figures.extend([
        Figure {
            name: "first_word",
            what: "from sending a short question to the first word, median of 10",
            value: median(first_words),
            unit: "s",
            limit: Some(Limit::AtMost(2.0)),
        },
        Figure {
            name: "engine_speed",
            what: "llama.cpp alone, as llama-bench measures it, median of 5",
            value: engine,
            unit: "tokens/s",
            limit: None,
        },
        Figure {
            name: "server_speed",
            what: "the same weights through the whole server to a WebSocket, median of 5",
            value: whole,
            unit: "tokens/s",
            limit: None,
        },
        Figure {
            name: "server_to_engine",
            what: "the server's speed as a share of the engine's",
            value: whole / engine,
            unit: "",
            limit: Some(Limit::AtLeast(0.9)),
        },
    ]);
    Ok(())
}

/// A fresh data folder that has the weights already.
fn data_folder(workspace: &Workspace, weights: &Path) -> Result<std::path::PathBuf> {
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

fn start(workspace: &Workspace, data: &Path) -> Result<Server> {
    Server::start(&workspace.server_binary(), data, test::TEST_MODEL)
}

fn answer(workspace: &Workspace, address: &str, question: &str) -> Result<Value> {
    Command::new(workspace.example("answer_speed")).args([address, question, TOKENS]).output_json()
}

/// Reading what a measuring program printed.
trait OutputJson {
    fn output_json(&mut self) -> Result<Value>;
}

impl OutputJson for Command {
    fn output_json(&mut self) -> Result<Value> {
        let line = process::read(self)?;
        serde_json::from_str(&line).with_context(|| format!("not a measurement: {line}"))
    }
}

fn number(measured: &Value, key: &str) -> Result<f64> {
    measured[key].as_f64().with_context(|| format!("{key} is not in {measured}"))
}

/// The middle one; the upper of two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
