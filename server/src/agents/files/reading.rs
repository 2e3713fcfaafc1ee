//! What a model is told of the files of a history: images as data where it sees them, texts in words, and
//! of others that they are there. Tools read the rest.

use std::sync::Arc;

use domovoi_agents::{
    AgentError, Context, HandlerError,
    chat::{Attachment, Attachments},
};
use domovoi_models::LanguageModel;
use domovoi_protocol::{Part, Role, UiMessage};
use rusqlite::OptionalExtension;

use super::{super::Assistant, find, inline::data_url, own_address};

/// Writes into messages what their own files contain, as far as the model reads it.
pub(in super::super) fn write_contents(
    cx: &Context<Assistant>,
    messages: &mut [UiMessage],
    model: &dyn LanguageModel,
) -> Result<(), AgentError> {
    let (longest, images) = (longest_text(model), model.accepts_images());
    let own = own_address(cx);
    for message in messages.iter_mut().filter(|message| message.role == Role::User) {
        let mut texts = Vec::new();
        for part in &mut message.parts {
            let Part::File { url, filename, media_type } = part else { continue };
            let Some(id) = url.strip_prefix(&own) else { continue };
            if is_text(media_type) {
                let name = filename.as_deref().unwrap_or("without a name");
                texts.extend(
                    begin_of(cx, id, longest)?
                        .map(|(text, more)| Part::text(quoted(name, &text, more))),
                );
            } else if images && media_type.starts_with("image/") {
                let Some(file) = find(cx, id)? else { continue };
                *url = data_url(&file);
            }
        }
        message.parts.extend(texts);
    }
    Ok(())
}

/// How much of an attached text a model reads, in bytes: half of what fits into its window, where a
/// token is about three bytes.
fn longest_text(model: &dyn LanguageModel) -> usize {
    const MOST: usize = 60_000;
    model.context_window().map_or(MOST, |tokens| (tokens as usize * 3 / 2).min(MOST))
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/") || media_type == "application/json"
}

/// The begin of a text, and whether there is more of it.
fn begin_of(
    cx: &Context<Assistant>,
    id: &str,
    longest: usize,
) -> Result<Option<(String, bool)>, AgentError> {
    cx.sql().transaction(|db| {
        if !db.table_exists(None, "files")? {
            return Ok(None);
        }
        let mut statement = db.prepare_cached(
            "SELECT substr(content, 1, ?2), length(content) > ?2 FROM files WHERE id = ?1",
        )?;
        let longest = i64::try_from(longest).unwrap_or(i64::MAX);
        let found = statement
            .query_row((id, longest), |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))
            .optional()?;
        Ok(found.map(|(begin, more)| (whole_letters(begin), more)))
    })
}

/// A text without the half of a letter at its end.
fn whole_letters(mut bytes: Vec<u8>) -> String {
    let whole = match std::str::from_utf8(&bytes) {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    };
    bytes.truncate(whole);
    String::from_utf8(bytes).unwrap_or_default()
}

fn quoted(name: &str, text: &str, more: bool) -> String {
    let rest = if more { "\n[The file goes on.]" } else { "" };
    format!("\n\nThe file `{name}`:\n```\n{text}\n```{rest}")
}

/// The files of a conversation, for its tools.
pub(in super::super) fn of(cx: &Context<Assistant>) -> Arc<dyn Attachments> {
    Arc::new(Files(cx.clone()))
}

struct Files(Context<Assistant>);

impl Attachments for Files {
    fn names(&self) -> Result<Vec<String>, HandlerError> {
        Ok(self.0.sql().transaction(|db| {
            if !db.table_exists(None, "files")? {
                return Ok(Vec::new());
            }
            let mut statement = db.prepare_cached("SELECT name FROM files ORDER BY id")?;
            let names = statement.query_map([], |row| row.get(0))?;
            Ok::<_, AgentError>(names.collect::<Result<_, _>>()?)
        })?)
    }

    fn find(&self, name: &str) -> Result<Option<Attachment>, HandlerError> {
        Ok(self.0.sql().transaction(|db| {
            if !db.table_exists(None, "files")? {
                return Ok(None);
            }
            let mut statement = db.prepare_cached(
                "SELECT media_type, content FROM files WHERE name = ?1 COLLATE NOCASE
                 ORDER BY id DESC LIMIT 1",
            )?;
            let file = statement.query_row([name], |row| {
                Ok(Attachment { media_type: row.get(0)?, content: row.get(1)? })
            });
            Ok::<_, AgentError>(file.optional()?)
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::{quoted, whole_letters};

    #[test]
    fn a_long_text_is_cut_between_letters_and_says_so() {
        assert_eq!(quoted("a", "é1", false), "\n\nThe file `a`:\n```\né1\n```");
        let begin = whole_letters("éé".as_bytes()[..3].to_vec());
        assert_eq!(
            quoted("a", &begin, true),
            "\n\nThe file `a`:\n```\né\n```\n[The file goes on.]"
        );
    }
}
