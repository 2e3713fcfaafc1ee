//! Documents as text.

use crate::{html, pdf, text_encoding::to_text};

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text as it is, Markdown among it.
    Plain,
    Html,
    Pdf,
}

/// The media type of a `Content-Type`, in lower case, and its charset.
pub(crate) fn media_type(content_type: &str) -> (String, Option<String>) {
    let mut pieces = content_type.split(';').map(str::trim);
    let media_type = pieces.next().unwrap_or_default().to_ascii_lowercase();
    let charset = pieces.find_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    (media_type, charset.map(str::to_owned))
}

/// What a document is, by its media type (may be empty) and its first bytes.
pub(crate) fn kind(media_type: &str, bytes: &[u8]) -> Result<Kind, String> {
    let begin = &bytes[..bytes.len().min(1000)];
    let unsaid = matches!(media_type, "" | "application/octet-stream" | "binary/octet-stream");
    if media_type == "application/pdf" || unsaid && begin.starts_with(b"%PDF-") {
        return Ok(Kind::Pdf);
    }
    if matches!(media_type, "text/html" | "application/xhtml+xml") {
        return Ok(Kind::Html);
    }
    let is_text = media_type.starts_with("text/")
        || matches!(media_type, "application/json" | "application/xml" | "application/yaml")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml") && !media_type.starts_with("image/");
    let has_byte_order_mark = begin.starts_with(b"\xff\xfe") || begin.starts_with(b"\xfe\xff");
    let is_binary = begin.contains(&0) && !has_byte_order_mark;
    if !(is_text || unsaid) || is_binary {
        let what = if unsaid || is_text { "This kind of file" } else { media_type };
        return Err(format!(
            "{what} cannot be read as text: only text, Markdown, HTML and PDF can."
        ));
    }
    let begin = begin.trim_ascii_start().to_ascii_lowercase();
    let looks_like_html = begin.starts_with(b"<!doctype html") || begin.starts_with(b"<html");
    Ok(if unsaid && looks_like_html { Kind::Html } else { Kind::Plain })
}

/// A document's text. It is worked out beside the runtime's threads.
pub(crate) async fn text(
    kind: Kind,
    bytes: Vec<u8>,
    charset: Option<String>,
) -> Result<String, String> {
    let work = move || match kind {
        Kind::Plain => Ok(to_text(&bytes, charset.as_deref())),
        Kind::Html => {
            let charset = charset.or_else(|| charset_within(&bytes));
            html::text(&to_text(&bytes, charset.as_deref()))
        }
        Kind::Pdf => pdf::text(&bytes),
    };
    let turn = if kind == Kind::Pdf { pdf::turn().await } else { None };
    // The parsers panic at some damaged documents. Whoever waits no longer does not end the work, and
    // the next one waits for it.
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    })
    .await;
    done.unwrap_or_else(|_| Err("The document cannot be read: it is damaged.".to_owned()))
}

/// The encoding an HTML document says it has, in its first kilobyte.
fn charset_within(bytes: &[u8]) -> Option<String> {
    let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
    let (_, rest) = begin.split_once("charset=")?;
    let name = rest.trim_start_matches(['"', '\'']);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && !"-_:".contains(c));
    Some(name[..end.unwrap_or(name.len())].to_owned())
}
