//! Static files: inside a release binary, compressed; on disk for a debug build, or where
//! `DOMOVOI_ASSETS` names a folder.

use std::{borrow::Cow, collections::BTreeMap, env, fs, path::PathBuf, sync::LazyLock};

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use domovoi_app::{PageAssets, Program};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::RustEmbed;
use serde::Deserialize;

/// `target/dist`, as `cargo xtask` leaves it; nothing where the build script says so.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../$DOMOVOI_DIST"]
#[allow_missing = true]
struct Dist;

#[derive(Default, Deserialize)]
struct Manifest {
    /// Logical name to file name below `assets/`.
    files: BTreeMap<String, String>,
}

/// The folder that is read in place of the files inside, for development.
static FOLDER: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| env::var_os("DOMOVOI_ASSETS").map(PathBuf::from));

/// The contents of a file below `target/dist`.
fn read(file: &str) -> Option<Cow<'static, [u8]>> {
    match &*FOLDER {
        Some(folder) => fs::read(folder.join(file)).ok().map(Cow::Owned),
        None => Dist::get(file).map(|file| file.data),
    }
}

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let manifest = read("manifest.json").and_then(|file| serde_json::from_slice(&file).ok());
    manifest.unwrap_or_else(|| {
        tracing::warn!("built without web assets: run `cargo xtask build`");
        Manifest::default()
    })
});

/// Whether this program carries the web app.
pub(crate) fn has_assets() -> bool {
    !MANIFEST.files.is_empty()
}

/// The address of a file, with the hash of its content.
pub(super) fn address(name: &str) -> String {
    let file = MANIFEST.files.get(name).map_or(name, String::as_str);
    format!("/assets/{file}")
}

/// The addresses a page loads.
pub(crate) fn page_assets() -> PageAssets {
    PageAssets {
        chat: program("chat"),
        work: program("work"),
        css: address("app.css"),
        favicon: address("favicon.svg"),
        touch_icon: address("icon-180.png"),
    }
}

fn program(name: &str) -> Program {
    Program { js: address(&format!("{name}.js")), wasm: address(&format!("{name}_bg.wasm")) }
}

/// Names carry the hash of the content, so a file never changes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// `GET /assets/{file}`, in the best encoding the client takes.
pub(crate) async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    // No other name reaches the disk.
    if !MANIFEST.files.values().any(|known| *known == file) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let (found, encoding) = best(&file, &headers);
    let Some(found) = found else { return StatusCode::NOT_FOUND.into_response() };
    let kind = mime_guess::from_path(&file).first_or_octet_stream();
    let mut response = found.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(kind.as_ref()) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Whether a client takes this encoding.
pub(super) fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.unwrap_or_default().split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words.next() == Some(encoding) && words.next() != Some("q=0")
    })
}

fn best(file: &str, headers: &HeaderMap) -> (Option<Cow<'static, [u8]>>, Option<&'static str>) {
    for (encoding, suffix) in [("br", "br"), ("gzip", "gz")] {
        if accepts(headers, encoding)
            && let Some(found) = read(&format!("assets/{file}.{suffix}"))
        {
            return (Some(found), Some(encoding));
        }
    }
    (read(&format!("assets/{file}")), None)
}
