//! Conversations as a file: JSON that can be imported again, or Markdown to read.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use domovoi_agents::{AgentError, Agents};
use domovoi_app::types::Conversation;
use domovoi_protocol::{Part, Role, UiMessage};
use futures::{StreamExt, stream};
use http::{HeaderValue, header};
use serde_json::{Value, json};

use super::super::Assistant;

/// Of the JSON; a file with a higher one is not read.
pub(super) const VERSION: u64 = 1;

/// A conversation that is exported.
pub(in super::super) struct Exported {
    pub(in super::super) title: String,
    pub(in super::super) created_at: u64,
    pub(in super::super) updated_at: u64,
    pub(in super::super) messages: Vec<UiMessage>,
}

/// The JSON of conversations.
pub(in super::super) fn json(conversations: &[Exported]) -> Value {
    let conversations: Vec<Value> = conversations.iter().map(one).collect();
    json!({ "domovoi": VERSION, "conversations": conversations })
}

fn one(conversation: &Exported) -> Value {
    json!({
        "title": conversation.title,
        "createdAt": conversation.created_at,
        "updatedAt": conversation.updated_at,
        "messages": conversation.messages,
    })
}

/// The JSON of all of these, read one after the other while it is sent: together they may be more than
/// fits into memory. Where one cannot be read the answer breaks off, and is no whole file.
pub(super) fn all(agents: Agents, conversations: Vec<Conversation>) -> Response {
    let begin = format!("{{\"domovoi\":{VERSION},\"conversations\":[");
    let conversations = stream::iter(conversations).enumerate().then(move |(at, it)| {
        let agents = agents.clone();
        async move {
            let json = one(&read(&agents, it).await?).to_string();
            Ok::<_, AgentError>(if at == 0 { json } else { format!(",{json}") })
        }
    });
    let whole =
        stream::iter([Ok(begin)]).chain(conversations).chain(stream::iter([Ok("]}".to_owned())]));
    let save = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, disposition("conversations", "json")),
    ];
    (save, Body::from_stream(whole)).into_response()
}

async fn read(agents: &Agents, listed: Conversation) -> Result<Exported, AgentError> {
    let conversation = agents.get::<Assistant>(&listed.id)?;
    let messages = conversation.run(|_, cx| async move { cx.messages() }).await??;
    let Conversation { title, created_at, updated_at, .. } = listed;
    Ok(Exported { title, created_at, updated_at, messages })
}

/// A conversation as Markdown.
pub(in super::super) fn markdown(conversation: &Exported) -> String {
    let mut text = format!("# {}\n", conversation.title);
    for message in &conversation.messages {
        let who = match message.role {
            Role::User => "You",
            Role::Assistant => "Domovoi",
            Role::System => continue,
        };
        text.push_str(&format!("\n## {who}\n\n{}\n", message.text().trim()));
        for part in &message.parts {
            match part {
                Part::File { filename, .. } => {
                    text.push_str(&format!("\n*File: {}*\n", filename.as_deref().unwrap_or("?")));
                }
                Part::Tool(tool) => text.push_str(&format!("\n*Tool: {}*\n", tool.name())),
                _ => {}
            }
        }
    }
    text
}

/// The header that makes a browser save an answer under the title.
pub(in super::super) fn disposition(title: &str, ending: &str) -> HeaderValue {
    let plain: String =
        title.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
    let plain = plain.trim_matches('-');
    let name = if plain.is_empty() { "conversation" } else { plain };
    HeaderValue::from_str(&format!("attachment; filename=\"{name}.{ending}\""))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_a_name_that_harms_nobody() {
        assert_eq!(disposition("../a\"b\r\nc", "md"), "attachment; filename=\"a-b--c.md\"");
        assert_eq!(disposition("\u{e9}", "json"), "attachment; filename=\"conversation.json\"");
    }

    #[test]
    fn markdown_has_who_said_what() {
        let conversation = Exported {
            title: "Cats".to_owned(),
            created_at: 0,
            updated_at: 0,
            messages: vec![
                UiMessage::new("1", Role::User, "Why?"),
                UiMessage::new("2", Role::Assistant, "Because."),
            ],
        };
        let expected = "# Cats\n\n## You\n\nWhy?\n\n## Domovoi\n\nBecause.\n";
        assert_eq!(markdown(&conversation), expected);
    }
}
