//! Static files: inside a release binary, compressed; on disk for a debug build.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use domovoi_app::PageAssets;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Deserialize;

/// `target/dist`, as `cargo xtask` leaves it.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/dist"]
#[allow_missing = true]
struct Dist;

#[derive(Default, Deserialize)]
struct Manifest {
    /// Logical name to file name below `assets/`.
    files: BTreeMap<String, String>,
}

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let manifest = Dist::get("manifest.json");
    let manifest = manifest.and_then(|file| serde_json::from_slice(&file.data).ok());
    manifest.unwrap_or_else(|| {
        tracing::warn!("built without web assets: run `cargo xtask build`");
        Manifest::default()
    })
});

/// The addresses a page loads.
pub(crate) fn page_assets() -> PageAssets {
    let address = |name: &str| match MANIFEST.files.get(name) {
        Some(file) => format!("/assets/{file}"),
        None => format!("/assets/{name}"),
    };
    PageAssets {
        js: address("app.js"),
        wasm: address("app_bg.wasm"),
        css: address("app.css"),
        favicon: address("favicon.svg"),
    }
}

/// Names carry the hash of the content, so a file never changes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// `GET /assets/{file}`, in the best encoding the client takes.
pub(crate) async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let (found, encoding) = best(&file, accepted.unwrap_or_default());
    let Some(found) = found else { return StatusCode::NOT_FOUND.into_response() };
    let kind = mime_guess::from_path(&file).first_or_octet_stream();
    let mut response = found.data.into_owned().into_response();
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

fn best(file: &str, accepted: &str) -> (Option<EmbeddedFile>, Option<&'static str>) {
    for (encoding, suffix) in [("br", "br"), ("gzip", "gz")] {
        let accepts = accepted.split(',').any(|part| {
            let mut words = part.split(';').map(str::trim);
            words.next() == Some(encoding) && words.next() != Some("q=0")
        });
        if accepts && let Some(found) = Dist::get(&format!("assets/{file}.{suffix}")) {
            return (Some(found), Some(encoding));
        }
    }
    (Dist::get(&format!("assets/{file}")), None)
}
