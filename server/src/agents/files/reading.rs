//! What a model is told of the files of a history: images as data, texts in words, and of others that
//! they are there.

use base64::{Engine, engine::general_purpose::STANDARD};
use domovoi_agents::{AgentError, Context};
use domovoi_protocol::{Part, Role, UiMessage, address};

use super::{super::Assistant, File, find};
use domovoi_app::types::ASSISTANT_AGENT;

/// The history with what its own files contain in the place of their addresses. Of a text at most
/// `longest` bytes stand there; tools read the rest.
pub(in super::super) fn with_contents(
    cx: &Context<Assistant>,
    mut messages: Vec<UiMessage>,
    longest: usize,
) -> Result<Vec<UiMessage>, AgentError> {
    let own = format!("{}/files/", address::path(ASSISTANT_AGENT, cx.name()));
    for message in messages.iter_mut().filter(|message| message.role == Role::User) {
        let mut texts = Vec::new();
        for part in &mut message.parts {
            let Part::File { url, filename, .. } = part else { continue };
            let Some(id) = url.strip_prefix(&own) else { continue };
            let Some(file) = find(cx, id)? else { continue };
            if let Some(text) = as_text(&file) {
                let name = filename.as_deref().unwrap_or("without a name");
                texts.push(Part::text(quoted(name, text, longest)));
            }
            *url = format!("data:{};base64,{}", file.media_type, STANDARD.encode(&file.content));
        }
        message.parts.extend(texts);
    }
    Ok(messages)
}

fn as_text(file: &File) -> Option<&str> {
    let is_text = file.media_type.starts_with("text/") || file.media_type == "application/json";
    is_text.then(|| std::str::from_utf8(&file.content).ok()).flatten()
}

fn quoted(name: &str, text: &str, longest: usize) -> String {
    let shown = &text[..text.floor_char_boundary(longest)];
    let rest = if shown.len() < text.len() { "\n[The file goes on.]" } else { "" };
    format!("\n\nThe file `{name}`:\n```\n{shown}\n```{rest}")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_long_text_is_cut_between_letters_and_says_so() {
        assert_eq!(quoted("a", "é1", 10), "\n\nThe file `a`:\n```\né1\n```");
        assert_eq!(quoted("a", "éé", 3), "\n\nThe file `a`:\n```\né\n```\n[The file goes on.]");
    }
}
