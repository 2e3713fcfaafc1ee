//! A conversation from a native program, and a tool that runs in it: the model asks for something that
//! only this machine knows. Start `chat` first, with a model that can use tools, and give this the
//! address it prints.

use std::path::Path;

use domovoi_client::{
    AgentOptions,
    chat::{ChatClient, LocalTool},
};
use serde_json::{Value, json};

/// The tool, as the model is told of it.
fn list_files() -> LocalTool {
    let parameters = json!({
        "type": "object",
        "properties": {"folder": {"type": "string"}},
        "required": ["folder"],
    });
    let description = "Names of the files in a folder of the person's machine.";
    LocalTool::new("list_files", description, parameters, |input| async move { run(&input) })
}

/// Runs it; an error's text is what the model reads.
fn run(input: &Value) -> Result<Value, String> {
    let folder = input["folder"].as_str().ok_or("folder: a string is missing")?;
    let entries = Path::new(folder).read_dir().map_err(|error| error.to_string())?;
    let names = entries.flatten().map(|entry| entry.file_name().display().to_string());
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names.into())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8787".to_owned());
    let question = arguments.next().unwrap_or_else(|| "Which files are here?".to_owned());

    let options = AgentOptions::new("Butler", "files").base(address);
    let chat = ChatClient::connect_with(options, [list_files()]);
    // What is sent before the connection is open waits for it.
    chat.send(question);
    println!("{}", chat.answer().await?.text());
    Ok(())
}
