//! Files that people attach to a conversation. They are kept in its own database and shown at
//! `/agents/assistant/{conversation}/files/{id}`; a message has that address, so that a history with
//! large files is as quick to load as any other.
//!
//! | file | what is in it |
//! |---|---|
//! | `inline` | files that come within messages, as data |
//! | `kind` | what a file is, by its content |
//! | `reading` | what a model is told of the files of a history, and what tools read |

mod inline;
mod kind;
mod reading;

use axum::{
    Json,
    body::{self, Body},
    extract::{Query, Request},
    response::{IntoResponse, Response},
};
use domovoi_agents::{AgentError, prelude::*};
use domovoi_protocol::{Part, address};
use http::{HeaderValue, Method, StatusCode, header};
use rusqlite::OptionalExtension;

pub(super) use self::{
    inline::{keep_all, write_data},
    reading::{of, write_contents},
};

use super::{Assistant, sub_path};
use crate::refusal::refusal;
use domovoi_app::types::{ASSISTANT_AGENT, MAX_FILE_BYTES};

/// Longest name of a file, in characters; a longer one is cut.
const MAX_NAME: usize = 120;

/// Most bytes of all files of a conversation.
const MAX_ALL_BYTES: i64 = 200_000_000;

/// The table of files; a conversation without files has none.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS files (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content    BLOB NOT NULL,
    added_at   INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000)
)";

/// A file that is kept.
struct File {
    media_type: String,
    content: Vec<u8>,
}

#[derive(Deserialize)]
struct New {
    name: String,
}

/// Answers requests to `files` below a conversation; nothing where it is about something else.
pub(super) async fn answer(cx: &Context<Assistant>, request: Request) -> Result<Response> {
    let path = sub_path(request.uri());
    match (request.method(), path.split_once('/')) {
        (&Method::POST, None) if path == "files" => add(cx, request).await,
        (&Method::GET, Some(("files", id))) => Ok(match find(cx, id)? {
            Some(file) => show(file),
            None => StatusCode::NOT_FOUND.into_response(),
        }),
        _ => Ok(StatusCode::NOT_FOUND.into_response()),
    }
}

async fn add(cx: &Context<Assistant>, request: Request) -> Result<Response> {
    let name = match Query::<New>::try_from_uri(request.uri()) {
        Ok(Query(New { name })) => file_name(&name),
        Err(rejection) => return Ok(rejection.into_response()),
    };
    let Ok(content) = body::to_bytes(request.into_body(), MAX_FILE_BYTES).await else {
        let most = MAX_FILE_BYTES / 1_000_000;
        let message = format!("`{name}` is larger than {most} MB.");
        return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", &message));
    };
    match keep(cx, &name, &content)? {
        Ok(part) => Ok((StatusCode::CREATED, Json(part)).into_response()),
        Err(refused) => Ok(refusal(refused.status, refused.code, &refused.message)),
    }
}

/// Why a file cannot be kept.
struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
}

/// Keeps a file; the part that stands for it in a message.
fn keep(
    cx: &Context<Assistant>,
    name: &str,
    content: &[u8],
) -> Result<std::result::Result<Part, Refused>> {
    let refused = |status, code, message| Ok(Err(Refused { status, code, message }));
    let Some(media_type) = kind::media_type(name, content) else {
        let message =
            format!("`{name}` cannot be attached: images, PDF and text can, with CSV and code.");
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "file_type", message);
    };
    cx.sql().execute(TABLE, [])?;
    let all: i64 = cx.sql().query_one("SELECT coalesce(sum(length(content)), 0) FROM files", [])?;
    if all.saturating_add(i64::try_from(content.len()).unwrap_or(i64::MAX)) > MAX_ALL_BYTES {
        let most = MAX_ALL_BYTES / 1_000_000;
        let message = format!("This conversation has {most} MB of files, which is the most.");
        return refused(StatusCode::INSUFFICIENT_STORAGE, "too_many_files", message);
    }
    let id = uuid::Uuid::now_v7().to_string();
    cx.sql().execute(
        "INSERT INTO files (id, name, media_type, content) VALUES (?1, ?2, ?3, ?4)",
        (&id, name, media_type, content),
    )?;
    let url = format!("{}{id}", own_address(cx));
    let (media_type, filename) = (media_type.to_owned(), Some(name.to_owned()));
    Ok(Ok(Part::File { media_type, url, filename }))
}

/// What the addresses of a conversation's files begin with.
fn own_address(cx: &Context<Assistant>) -> String {
    format!("{}/files/", address::path(ASSISTANT_AGENT, cx.name()))
}

/// The file of this conversation at an address.
fn own_file(cx: &Context<Assistant>, url: &str) -> Result<Option<File>, AgentError> {
    match url.strip_prefix(&own_address(cx)) {
        Some(id) => find(cx, id),
        None => Ok(None),
    }
}

fn find(cx: &Context<Assistant>, id: &str) -> Result<Option<File>, AgentError> {
    cx.sql().transaction(|db| {
        if !db.table_exists(None, "files")? {
            return Ok(None);
        }
        let mut statement =
            db.prepare_cached("SELECT media_type, content FROM files WHERE id = ?1")?;
        let file = statement
            .query_row([id], |row| Ok(File { media_type: row.get(0)?, content: row.get(1)? }));
        Ok(file.optional()?)
    })
}

/// A file as a browser may have it: an image is shown, anything else is kept on disk, and nothing of it
/// runs.
fn show(File { media_type, content }: File) -> Response {
    let image = media_type.starts_with("image/");
    let kind = HeaderValue::from_str(&media_type);
    let mut response = Body::from(content).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        kind.unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    let disposition = if image { "inline" } else { "attachment" };
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    // Its content never changes, and is nobody else's.
    let private = HeaderValue::from_static("private, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, private);
    response
}

/// The last piece of a path, on one line and not too long.
fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|letter| !letter.is_control()).collect();
    let clean = clean.trim().trim_start_matches('.');
    if clean.is_empty() { "file".to_owned() } else { clean.chars().take(MAX_NAME).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path() {
        assert_eq!(file_name("../../etc/passwd"), "passwd");
        assert_eq!(file_name("C:\\temp\\a.csv"), "a.csv");
        assert_eq!(file_name("..\0\n"), "file");
        assert_eq!(file_name(".bashrc"), "bashrc");
        assert_eq!(file_name(&"é".repeat(500)).chars().count(), MAX_NAME);
    }
}
