//! Files within messages, as data: those that come so are kept like those that were attached, and an
//! export has them so.

use base64::{Engine, engine::general_purpose::STANDARD};
use domovoi_agents::prelude::*;
use domovoi_protocol::{Part, UiMessage};
use percent_encoding::percent_decode_str;

use super::{super::Assistant, File, MAX_FILE_BYTES, file_name, keep, own_file};

/// The messages with addresses of this conversation's in the place of data; and how many files it
/// cannot have. A message of which nothing is left is none.
pub(in super::super) fn keep_all(
    cx: &Context<Assistant>,
    mut messages: Vec<UiMessage>,
) -> Result<(Vec<UiMessage>, usize)> {
    let mut refused = 0;
    for message in &mut messages {
        let mut parts = Vec::with_capacity(message.parts.len());
        for part in message.parts.drain(..) {
            match part {
                Part::File { url, filename, .. } if url.starts_with("data:") => {
                    let name = file_name(filename.as_deref().unwrap_or_default());
                    let content = content(&url).filter(|it| it.len() <= MAX_FILE_BYTES);
                    let kept = content.map(|content| keep(cx, &name, &content)).transpose()?;
                    match kept {
                        Some(Ok(part)) => parts.push(part),
                        _ => refused += 1,
                    }
                }
                part => parts.push(part),
            }
        }
        message.parts = parts;
    }
    messages.retain(|message| message.parts.iter().any(|part| !matches!(part, Part::StepStart)));
    Ok((messages, refused))
}

/// The message with data in the place of addresses of this conversation's files. One that is not there any
/// more keeps its address.
pub(in super::super) fn write_data(
    cx: &Context<Assistant>,
    mut message: UiMessage,
) -> Result<UiMessage> {
    for part in &mut message.parts {
        let Part::File { url, .. } = part else { continue };
        let Some(file) = own_file(cx, url)? else { continue };
        *url = data_url(&file);
    }
    Ok(message)
}

/// A file as a `data:` address.
pub(super) fn data_url(file: &File) -> String {
    format!("data:{};base64,{}", file.media_type, STANDARD.encode(&file.content))
}

/// What a `data:` address holds; nothing where it is damaged.
fn content(url: &str) -> Option<Vec<u8>> {
    let (kind, data) = url.strip_prefix("data:")?.split_once(',')?;
    match kind.ends_with(";base64") {
        true => STANDARD.decode(data.trim()).ok(),
        false => Some(percent_decode_str(data).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::content;

    #[test]
    fn data_is_read_in_both_ways() {
        assert_eq!(content("data:text/plain;base64,aGk=").as_deref(), Some(&b"hi"[..]));
        assert_eq!(content("data:,a%20b").as_deref(), Some(&b"a b"[..]));
        for damaged in ["data:x;base64,%", "data:", "https://example.com/,x"] {
            assert_eq!(content(damaged), None, "{damaged}");
        }
    }
}
