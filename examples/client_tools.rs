//! A tool that runs in the client: the model asks for something that only this machine knows.
//! Start `chat` first, with a model that can use tools, and give this the address it prints.

use std::path::Path;

use domovoi_client::{
    AgentClient, AgentOptions, ClientEvent,
    chat::{ChatSession, ChatStatus, Effect},
};
use domovoi_protocol::{Part, Role, message::ToolState, tool::ClientTool};
use futures::StreamExt;
use serde_json::{Value, json};

/// What the model is told of the tool.
fn list_files() -> ClientTool {
    ClientTool {
        name: "list_files".to_owned(),
        description: Some("Names of the files in a folder of the person's machine.".to_owned()),
        parameters: Some(json!({
            "type": "object",
            "properties": {"folder": {"type": "string"}},
            "required": ["folder"],
        })),
    }
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

/// Answers the calls that wait for this client.
fn answer(session: &mut ChatSession) -> Vec<Effect> {
    let waiting: Vec<_> = session
        .messages()
        .flat_map(|message| &message.parts)
        .filter_map(|part| match part {
            Part::Tool(call) if call.state == ToolState::InputAvailable => Some(call.clone()),
            _ => None,
        })
        .filter(|call| call.name() == "list_files")
        .collect();
    let answers = waiting.iter().map(|call| {
        let result = run(call.input.as_ref().unwrap_or(&Value::Null));
        session.add_tool_result(&call.tool_call_id, result)
    });
    answers.flatten().collect()
}

/// The answer, when it is whole: a turn that ends with a call goes on when that is answered.
fn complete(session: &ChatSession) -> Option<String> {
    let last = session.messages().next_back()?;
    let ends_in_words = matches!(last.parts.last(), Some(Part::Text { .. }));
    let whole = session.status() == ChatStatus::Ready && last.role == Role::Assistant;
    (whole && ends_in_words).then(|| last.text())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8787".to_owned());
    let question = arguments.next().unwrap_or_else(|| "Which files are here?".to_owned());

    let client = AgentClient::new(AgentOptions::new("Butler", "files").base(address));
    let mut events = client.events();
    let mut session = ChatSession::default();
    session.set_client_tools(Some(vec![list_files()]));
    // Nothing is sent before the connection is open.
    session.submit(question);
    client.start();
    while let Some(event) = events.next().await {
        let mut effects = match event {
            ClientEvent::Open => session.opened(),
            ClientEvent::Frame(frame) => session.handle(&frame),
            ClientEvent::Closed { .. } => {
                session.closed();
                continue;
            }
            _ => continue,
        };
        effects.extend(answer(&mut session));
        for effect in effects {
            if let Effect::Send(frame) = effect {
                client.send_frame(&frame)?;
            }
        }
        if let Some(error) = session.error() {
            return Err(error.into());
        }
        if let Some(answer) = complete(&session) {
            println!("{answer}");
            break;
        }
    }
    client.close();
    Ok(())
}
