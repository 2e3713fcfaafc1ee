//! A file over HTTP, in as many tries as it takes: what is received stays in `FILE.part`.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use reqwest::header::RANGE;
use reqwest::{Response, StatusCode};
use sha2::{Digest, Sha256};

use super::CatalogueEntry;
use super::check::{hash_file, hex};
use super::error::FetchError;
use super::progress::Meter;

/// How long a source may be silent before another is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection to be made.
    pub connect: Duration,
    /// Between two pieces of data, and before the first.
    pub stall: Duration,
}

impl Default for Timeouts {
    /// Ten seconds to connect, thirty without data.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), stall: Duration::from_secs(30) }
    }
}

/// Downloads `url` into `part`, going on where an earlier try ended, and checks size and SHA-256.
/// A file that is complete and wrong is removed, so the next try starts anew.
pub(super) async fn download(
    url: &str,
    part: &Path,
    entry: &CatalogueEntry,
    timeouts: Timeouts,
    meter: &mut Meter<'_>,
) -> Result<(), FetchError> {
    let (mut file, mut hash, mut received) = open_part(part, entry.bytes).await?;
    meter.at(received);
    if received < entry.bytes {
        let mut response = request(url, received, timeouts).await?;
        if received > 0 && response.status() != StatusCode::PARTIAL_CONTENT {
            // The server sends the whole file.
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            (hash, received) = (Sha256::new(), 0);
        }
        while let Some(chunk) = next_chunk(&mut response, timeouts).await? {
            received += chunk.len() as u64;
            if received > entry.bytes {
                break;
            }
            // Short writes into the page cache; hashing a chunk takes microseconds.
            file.write_all(&chunk)?;
            hash.update(&chunk);
            meter.at(received);
        }
    }
    if received < entry.bytes {
        return Err(FetchError::Broken(format!("{received} of {} bytes came", entry.bytes)));
    }
    let problem = if received > entry.bytes {
        Some(format!("it has more than {} bytes", entry.bytes))
    } else {
        let sha256 = hex(&hash.finalize());
        (sha256 != entry.sha256).then(|| format!("its SHA-256 is {sha256}, not {}", entry.sha256))
    };
    if let Some(problem) = problem {
        std::fs::remove_file(part)?;
        return Err(FetchError::Mismatch(problem));
    }
    run_blocking(move || file.sync_all()).await?;
    Ok(())
}

/// Opens the partial file and hashes what it holds.
async fn open_part(part: &Path, total: u64) -> Result<(File, Sha256, u64), FetchError> {
    let part = part.to_owned();
    let opened = run_blocking(move || {
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&part)?;
        if file.metadata()?.len() > total {
            file.set_len(0)?;
        }
        let mut hash = Sha256::new();
        let received = hash_file(&mut file, &mut hash)?;
        Ok((file, hash, received))
    });
    Ok(opened.await?)
}

/// Asks for the file from byte `from` on. A part that the server finds too long is asked for
/// from the start.
async fn request(url: &str, from: u64, timeouts: Timeouts) -> Result<Response, FetchError> {
    let client = reqwest::Client::builder()
        .connect_timeout(timeouts.connect)
        .user_agent(concat!("domovoi/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| FetchError::Unreachable(root_cause(&error)))?;
    let mut from = from;
    loop {
        let mut request = client.get(url);
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let response = tokio::time::timeout(timeouts.stall, request.send())
            .await
            .map_err(|_| stalled(timeouts))?
            .map_err(|error| FetchError::Unreachable(root_cause(&error)))?;
        match response.status() {
            StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => from = 0,
            StatusCode::PARTIAL_CONTENT if from > 0 && !starts_at(&response, from) => from = 0,
            status if status.is_success() => return Ok(response),
            status => return Err(FetchError::Status(status.as_u16())),
        }
    }
}

/// Whether a partial answer begins where we asked it to.
fn starts_at(response: &Response, from: u64) -> bool {
    let range = response.headers().get(reqwest::header::CONTENT_RANGE);
    let range = range.and_then(|value| value.to_str().ok()).unwrap_or_default();
    range.starts_with(&format!("bytes {from}-"))
}

async fn next_chunk(
    response: &mut Response,
    timeouts: Timeouts,
) -> Result<Option<impl AsRef<[u8]> + std::ops::Deref<Target = [u8]> + use<>>, FetchError> {
    tokio::time::timeout(timeouts.stall, response.chunk())
        .await
        .map_err(|_| stalled(timeouts))?
        .map_err(|error| FetchError::Broken(root_cause(&error)))
}

fn stalled(timeouts: Timeouts) -> FetchError {
    FetchError::Stalled { seconds: timeouts.stall.as_millis().div_ceil(1000) as u64 }
}

/// The innermost cause, which is the one that says something: "Connection refused".
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
