//! A tool for the assistant: one async function with a doc comment and a typed argument struct.

use domovoi_agents::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct WordCountArgs {
    /// The text to count in.
    text: String,
}

/// Counts the words of a text.
#[tool]
async fn count_words(args: WordCountArgs) -> Result<usize> {
    Ok(args.text.split_whitespace().count())
}

fn main() -> std::process::ExitCode {
    domovoi::Domovoi::new().tool(count_words).run()
}
