//! What the child process of the embedded model runs.
//!
//! Lines of JSON come in on stdin and go out on stdout; nothing else is written there. The
//! process ends with its stdin, so it never outlives its parent, even a killed one.
//!
//! | file | what is in it |
//! |---|---|
//! | `protocol` | the lines |
//! | `orders` | the thread that reads stdin, which hears a cancellation in the middle of an answer |
//! | `engine` | llama.cpp: a model, its context, and what the context has read |
//! | `template` | the conversation as the model's chat template wants it |
//! | `sampling` | which token comes next |
//! | `grammar` | which tokens fit a schema |
//! | `instructions` | what the model is told of schemas and tools |
//! | `call_watch` | where words turn into a call of a tool |
//! | `answer` | one answer, token by token |

mod answer;
mod call_watch;
mod engine;
mod grammar;
mod instructions;
mod orders;
pub(crate) mod protocol;
mod sampling;
mod template;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::{LogOptions, send_logs_to_tracing};

use self::engine::Engine;
use self::orders::Orders;
use self::protocol::{Order, Report};

/// Runs the worker until its stdin ends. A program that uses
/// [`EmbeddedModel`](crate::embedded::EmbeddedModel) calls this, and nothing before it, where its
/// first argument is `model-worker`.
#[must_use]
pub fn run() -> ExitCode {
    send_logs_to_tracing(LogOptions::default().with_logs_enabled(false));
    match serve(&Orders::listen()) {
        Ok(()) => ExitCode::SUCCESS,
        // The parent is gone or does not listen; there is nobody to tell.
        Err(_) => ExitCode::FAILURE,
    }
}

/// Loads a model and answers requests. An error means that nobody reads the reports.
fn serve(orders: &Orders) -> io::Result<()> {
    let Some(Order::Load { path, threads, context_tokens }) = orders.next() else {
        return Ok(());
    };
    let loaded = LlamaBackend::init()
        .map_err(|error| error.to_string())
        .and_then(|backend| Ok((load(&backend, &path)?, backend)));
    let (model, backend) = match loaded {
        Ok(loaded) => loaded,
        Err(message) => return send(&Report::LoadFailed { message }),
    };
    let mut engine = match Engine::new(&backend, &model, threads, context_tokens) {
        Ok(engine) => engine,
        Err(message) => return send(&Report::LoadFailed { message }),
    };
    send(&Report::Loaded { context_tokens: engine.context_tokens() })?;
    while let Some(order) = orders.next() {
        if let Order::Generate(request) = order {
            let end = answer::generate(&mut engine, &request, orders, &send)?;
            send(&end)?;
        }
    }
    Ok(())
}

fn load(backend: &LlamaBackend, path: &Path) -> Result<LlamaModel, String> {
    std::fs::File::open(path).map_err(|error| error.to_string())?;
    LlamaModel::load_from_file(backend, path, &LlamaModelParams::default()).map_err(|_| {
        // llama.cpp says no more than that it did not work.
        "it is damaged, or of a kind that this version of llama.cpp does not know".to_owned()
    })
}

fn send(report: &Report) -> io::Result<()> {
    let mut line = serde_json::to_vec(report)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}
