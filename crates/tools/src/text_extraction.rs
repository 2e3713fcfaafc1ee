//! The text of a document.

use std::time::Duration;

use domovoi_agents::prelude::*;

use crate::{
    attachments::{Content, attached, given},
    document,
};

/// Largest document, in bytes.
const MAX_BYTES: usize = 20_000_000;
/// Longest piece of text that one call answers with, in bytes.
const MAX_TEXT: usize = 20_000;
/// How long a document may take.
const MAX_TIME: Duration = Duration::from_secs(30);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtractArgs {
    /// Name of a file that is attached to the conversation. Give this or `content`.
    file: Option<String>,
    /// The document itself, or a data URL of it. Give this or `file`.
    content: Option<String>,
    /// Where in the text to begin: `nextStart` of the call before, where there was more.
    #[serde(default)]
    start: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extract {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_start: Option<usize>,
}

/// Reads the text of a document: plain text, Markdown, HTML or PDF. Use it to look into a file that
/// is attached to the conversation.
#[tool]
pub async fn extract_text(args: ExtractArgs, cx: ToolContext) -> Result<Extract> {
    let Content { media_type, bytes } = match (args.file, args.content) {
        (Some(file), None) => attached(&cx, &file, MAX_BYTES)?,
        (None, Some(content)) => given(content, MAX_BYTES)?,
        _ => return Err("Give either `file` or `content`.".into()),
    };
    let kind = document::kind(&media_type, &bytes)?;
    let text = tokio::time::timeout(MAX_TIME, document::text(kind, bytes, None))
        .await
        .map_err(|_| "The document takes too long to read.")??;
    let begin = text.ceil_char_boundary(args.start);
    let end = text.floor_char_boundary(begin.saturating_add(MAX_TEXT));
    let next_start = (end < text.len()).then_some(end);
    Ok(Extract { text: text[begin..end].to_owned(), next_start })
}
