//! Files that people have attached to a conversation. A model reads of a file that it was attached
//! and what it is called, not what is in it.

use data_url::{DataUrl, forgiving_base64::DecodeError};
use domovoi_agents::Result;
use domovoi_agents::chat::{Attachment, ToolContext};
use domovoi_protocol::{Part, Role, UiMessage};

/// What is in a file, or in a text that came in the place of one.
#[derive(Debug)]
pub(crate) struct Content {
    /// Without parameters, in lower case; empty where nobody said.
    pub(crate) media_type: String,
    pub(crate) bytes: Vec<u8>,
}

/// The newest file of this name that a person has attached, of at most `limit` bytes.
pub(crate) fn attached(cx: &ToolContext, name: &str, limit: usize) -> Result<Content> {
    let Some(kept) = cx.attachments() else { return Ok(in_messages(cx.messages(), name, limit)?) };
    if let Some(Attachment { media_type, content }) = kept.find(name.trim())? {
        let bytes = content;
        return if bytes.len() > limit {
            Err(too_large(limit).into())
        } else {
            Ok(Content { media_type, bytes })
        };
    }
    let names = kept.names()?;
    Ok(in_messages(cx.messages(), name, limit).map_err(|error| match names.is_empty() {
        true => error,
        false => unknown(name, &names),
    })?)
}

fn unknown(name: &str, names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    format!("There is no file `{name}`. Attached are: `{}`.", names.join("`, `"))
}

fn in_messages(messages: &[UiMessage], name: &str, limit: usize) -> Result<Content, String> {
    let people = messages.iter().filter(|message| message.role == Role::User);
    let files = people.flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::File { url, filename: Some(name), .. } => Some((name.as_str(), url.as_str())),
        _ => None,
    });
    let files: Vec<(&str, &str)> = files.collect();
    let name = name.trim();
    match files.iter().rev().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
        Some((_, url)) => decode(url, limit),
        None if files.is_empty() => Err("No file is attached to this conversation.".to_owned()),
        None => {
            let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
            Err(unknown(name, &names))
        }
    }
}

/// A text given in the place of a file: itself, or a data URL.
pub(crate) fn given(text: String, limit: usize) -> Result<Content, String> {
    if text.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return decode(text.trim(), limit);
    }
    if text.len() > limit {
        return Err(too_large(limit));
    }
    Ok(Content { media_type: String::new(), bytes: text.into_bytes() })
}

fn decode(url: &str, limit: usize) -> Result<Content, String> {
    let parsed = DataUrl::process(url)
        .map_err(|_| "The file's content is not here: it is no data URL.".to_owned())?;
    let mime = parsed.mime_type();
    let media_type = format!("{}/{}", mime.type_, mime.subtype).to_ascii_lowercase();
    let mut bytes = Vec::new();
    let decoded = parsed.decode(|piece| {
        if bytes.len() + piece.len() > limit {
            return Err(());
        }
        bytes.extend_from_slice(piece);
        Ok(())
    });
    match decoded {
        Ok(_) => Ok(Content { media_type, bytes }),
        Err(DecodeError::WriteError(())) => Err(too_large(limit)),
        Err(_) => Err("The data URL is damaged: its base64 cannot be read.".to_owned()),
    }
}

fn too_large(limit: usize) -> String {
    format!("This is larger than the limit of {} MB.", limit / 1_000_000)
}
