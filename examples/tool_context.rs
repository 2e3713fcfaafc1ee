//! A tool that uses a service of the application, and whose work beside it ends when the turn does.

use domovoi_agents::prelude::*;

/// What the household has written down; everybody has the same.
#[derive(Clone)]
struct Notes(Vec<String>);

#[derive(Deserialize, JsonSchema)]
struct SearchArgs {
    /// The words to look for.
    words: String,
}

/// Finds the notes with these words in them.
#[tool(timeout_seconds = 20)]
async fn search_notes(args: SearchArgs, cx: ToolContext) -> Result<Vec<String>> {
    let notes = cx.service::<Notes>().ok_or("there are no notes")?;
    let abort = cx.abort().clone();
    let search = move || {
        // Nobody drops a thread when the person presses stop: it has to look.
        let notes = notes.0.iter().take_while(|_| !abort.is_cancelled());
        notes.filter(|note| note.contains(&args.words)).cloned().collect()
    };
    Ok(tokio::task::spawn_blocking(search).await?)
}

fn main() -> std::process::ExitCode {
    let notes = ["The key is under the mat.", "Bread: 500 g of rye."].map(str::to_owned);
    let notes = Notes(notes.to_vec());
    let domovoi = domovoi::Domovoi::new().tool(search_notes);
    domovoi.register(move |agents| agents.service(notes.clone())).run()
}
