//! Conversations as a file: JSON that can be imported again, or Markdown to read.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use domovoi_agents::{Agents, HandlerError};
use domovoi_app::types::{Conversation, ConversationsState};
use domovoi_protocol::{Part, Role, UiMessage};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use http::{HeaderValue, header};
use serde_json::json;

use super::super::{Assistant, files};

/// Of the JSON; a file with a higher one is not read.
pub(super) const VERSION: u64 = 1;

/// A conversation of the list, with the name of its folder.
pub(in super::super) type Listed = (Conversation, Option<String>);

/// The conversations that are listed and of which `wanted` is true.
pub(in super::super) fn listed(
    state: &ConversationsState,
    wanted: impl Fn(&Conversation) -> bool,
) -> Vec<Listed> {
    let found = state.conversations.iter().filter(|it| wanted(it));
    found.map(|it| (it.clone(), state.folder_of(&it.id).map(|it| it.name.clone()))).collect()
}

/// The JSON of conversations with the files in them, read message after message while it is sent: together
/// they may be more than fits into memory. Where one cannot be read the answer breaks off, and is no whole
/// file.
pub(in super::super) fn json(
    agents: Agents,
    conversations: Vec<Listed>,
    name: HeaderValue,
) -> Response {
    let begin = format!("{{\"domovoi\":{VERSION},\"conversations\":[");
    let conversations =
        stream::iter(conversations).enumerate().map(move |(at, (listed, folder))| {
            let comma = if at == 0 { "" } else { "," };
            let mut head = json!({
                "title": listed.title,
                "createdAt": listed.created_at,
                "updatedAt": listed.updated_at,
            });
            if let Some(folder) = folder {
                head["folder"] = folder.into();
            }
            // The object stays open for the messages.
            let head = format!("{comma}{},\"messages\":[", head.to_string().trim_end_matches('}'));
            piece(head).chain(messages(agents.clone(), listed.id)).chain(piece("]}".to_owned()))
        });
    let whole = piece(begin).chain(conversations.flatten()).chain(piece("]}".to_owned()));
    let save = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, name),
    ];
    (save, Body::from_stream(whole.map_err(|error| error.to_string()))).into_response()
}

fn piece(text: String) -> impl Stream<Item = Result<String, HandlerError>> + Send {
    stream::iter([Ok(text)])
}

/// The JSON of a conversation's messages, a comma before each but the first.
fn messages(agents: Agents, id: String) -> impl Stream<Item = Result<String, HandlerError>> + Send {
    let all = async move {
        let conversation = agents.get::<Assistant>(&id)?;
        let messages = conversation.run(|_, cx| async move { cx.messages() }).await??;
        let messages = stream::iter(messages).enumerate().map(Ok::<_, HandlerError>);
        Ok::<_, HandlerError>(messages.and_then(move |(at, message)| {
            let conversation = conversation.clone();
            async move {
                let with_files = conversation
                    .run(move |_, cx| async move { files::write_data(&cx, message) })
                    .await??;
                let json = serde_json::to_string(&with_files)?;
                Ok(if at == 0 { json } else { format!(",{json}") })
            }
        }))
    };
    stream::once(all).try_flatten()
}

/// A conversation as Markdown.
pub(in super::super) fn markdown(title: &str, messages: &[UiMessage]) -> String {
    let mut text = format!("# {title}\n");
    for message in messages {
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
        let messages = [
            UiMessage::new("1", Role::User, "Why?"),
            UiMessage::new("2", Role::Assistant, "Because."),
        ];
        let expected = "# Cats\n\n## You\n\nWhy?\n\n## Domovoi\n\nBecause.\n";
        assert_eq!(markdown("Cats", &messages), expected);
    }
}
