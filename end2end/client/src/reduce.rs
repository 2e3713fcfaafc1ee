//! Chunks in, messages out.

use std::io::{BufRead, Write};

use anyhow::Result;
use domovoi_protocol::{Chunk, Reducer, UiMessage};
use serde_json::value::RawValue;

/// Reads runs of chunks, one list of lists in each line, and prints the message that each makes.
/// Every list goes on with what the one before it made, as a continuation does.
pub(crate) fn run(input: impl BufRead, mut output: impl Write) -> Result<()> {
    for line in input.lines() {
        let runs: Vec<Vec<Box<RawValue>>> = serde_json::from_str(&line?)?;
        let mut message = Reducer::new("").finish();
        for run in runs {
            message = reduced(message, &run)?;
        }
        serde_json::to_writer(&mut output, &message)?;
        writeln!(output)?;
        output.flush()?;
    }
    Ok(())
}

/// The message as a client has it after the last chunk, with its open parts.
fn reduced(message: UiMessage, chunks: &[Box<RawValue>]) -> Result<UiMessage> {
    let mut reducer = Reducer::resume(message);
    for chunk in chunks {
        reducer.apply(&Chunk::parse(chunk.get())?);
    }
    Ok(reducer.message().clone())
}
