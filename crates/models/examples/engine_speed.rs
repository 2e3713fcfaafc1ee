//! How fast llama.cpp is with nothing around it: what the embedded model is measured against.
//!
//! As `llama-bench` measures its text generation: after a short prompt, one token is decoded at
//! a time and nothing is sampled; the next token is any. Context and batch are the worker's.
//! Prints one line of JSON, `{"tokens_per_second": …}`. `cargo xtask bench` calls this.
//!
//! ```sh
//! cargo run --release -p domovoi-models --example engine_speed -- model.gguf 1 200
//! ```
#![allow(clippy::print_stdout, reason = "the line is this program's output")]

use std::{error::Error, num::NonZeroU32, time::Instant};

use llama_cpp_2::{
    LogOptions, context::params::LlamaContextParams, llama_backend::LlamaBackend,
    llama_batch::LlamaBatch, model::LlamaModel, send_logs_to_tracing, token::LlamaToken,
};

/// As the worker has them.
const CONTEXT_TOKENS: u32 = 4096;
const BATCH: u32 = 128;
/// About as long as the assistant's instructions with a question.
const PROMPT_TOKENS: i32 = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(weights), Some(threads), Some(tokens)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: engine_speed WEIGHTS THREADS TOKENS".into());
    };
    let (threads, tokens): (i32, i32) = (threads.parse()?, tokens.parse()?);

    send_logs_to_tracing(LogOptions::default().with_logs_enabled(false));
    let backend = LlamaBackend::init()?;
    let model = LlamaModel::load_from_file(&backend, weights, &Default::default())?;
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(CONTEXT_TOKENS.min(model.n_ctx_train())))
        .with_n_batch(BATCH)
        .with_n_ubatch(BATCH)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_no_perf(true);
    let mut context = model.new_context(&backend, params)?;
    let mut batch = LlamaBatch::new(BATCH as usize, 1);
    let any = |position: i32| {
        LlamaToken::new(position.wrapping_mul(48_271).rem_euclid(model.vocab().n_tokens()))
    };

    for position in 0..PROMPT_TOKENS {
        batch.add(any(position), position, &[0], position + 1 == PROMPT_TOKENS)?;
    }
    context.decode(&mut batch)?;
    context.synchronize();
    let start = Instant::now();
    for position in PROMPT_TOKENS..PROMPT_TOKENS + tokens {
        batch.clear();
        batch.add(any(position), position, &[0], true)?;
        context.decode(&mut batch)?;
        context.synchronize();
    }
    println!(r#"{{"tokens_per_second": {}}}"#, f64::from(tokens) / start.elapsed().as_secs_f64());
    Ok(())
}
