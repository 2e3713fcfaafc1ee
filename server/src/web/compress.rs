//! Pages as gzip, while they are written.
//!
//! A page holds what people wrote, and its address is in it too. Who can have a browser ask for
//! addresses of their choice and sees how long the answers are could guess the one by the other
//! (BREACH). So what another site led to goes out as it is: only a page that asks for itself is
//! compressed. Pages of accounts never are: they can hold a link that lets somebody in.

use std::io::{self, Write};

use async_stream::try_stream;
use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use flate2::{Compression, write::GzEncoder};
use futures::{Stream, StreamExt};
use http::{HeaderMap, HeaderValue, Method, header};

use super::assets::accepts;

/// How hard to try, of 9: beyond it a page is hardly smaller.
const LEVEL: u32 = 5;

/// Compresses a page where its reader takes that.
pub(super) async fn compress(request: Request, next: Next) -> Response {
    let may = *request.method() == Method::GET
        && accepts(request.headers(), "gzip")
        && is_asked_for_from_here(request.headers());
    let response = next.run(request).await;
    if !is_page(response.headers()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let headers = &mut parts.headers;
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding, sec-fetch-site"));
    if !may {
        return Response::from_parts(parts, body);
    }
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Response::from_parts(parts, Body::from_stream(gzip(body.into_data_stream())))
}

/// Whether the person or a page of this origin asks. A browser says so by TLS and on the machine
/// itself; over plain HTTP from another one it does not, and that is no far way.
fn is_asked_for_from_here(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    matches!(site, Some(b"none" | b"same-origin"))
}

fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.starts_with(b"text/html") && !headers.contains_key(header::CONTENT_ENCODING)
}

/// Each piece goes out as it comes, so that a page that is written in pieces is shown in pieces.
fn gzip(
    mut pieces: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin,
) -> impl Stream<Item = Result<Bytes, io::Error>> {
    try_stream! {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
        while let Some(piece) = pieces.next().await {
            encoder.write_all(&piece.map_err(io::Error::other)?)?;
            encoder.flush()?;
            let ready = std::mem::take(encoder.get_mut());
            if !ready.is_empty() {
                yield Bytes::from(ready);
            }
        }
        yield Bytes::from(encoder.finish()?);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use axum::{Router, body::to_bytes, middleware, response::Html, routing::get};
    use flate2::read::GzDecoder;
    use futures::channel::mpsc;
    use tower::ServiceExt;

    use super::*;

    const PAGE: &str = "<p>page</p>";

    async fn ask(path: &str, headers: &[(&str, &str)]) -> Response {
        let app = Router::new()
            .route("/", get(|| async { Html(PAGE.repeat(100)) }))
            .route("/data", get(|| async { "data" }))
            .layer(middleware::from_fn(compress));
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn a_page_is_compressed_for_those_who_asked_for_it_themselves() {
        let gzip = ("accept-encoding", "br;q=0, gzip");
        for site in ["none", "same-origin"] {
            let page = ask("/", &[gzip, ("sec-fetch-site", site)]).await;
            assert_eq!(page.headers()["content-encoding"], "gzip");
            assert!(!page.headers().contains_key("content-length"));
            let body = to_bytes(page.into_body(), 1 << 20).await.unwrap();
            let mut text = String::new();
            GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
            assert_eq!(text, PAGE.repeat(100));
        }
        for headers in [
            &[gzip, ("sec-fetch-site", "cross-site")][..],
            &[gzip, ("sec-fetch-site", "same-site")],
            &[gzip],
            &[("sec-fetch-site", "none")],
            &[("accept-encoding", "gzip;q=0"), ("sec-fetch-site", "none")],
        ] {
            let page = ask("/", headers).await;
            assert!(!page.headers().contains_key("content-encoding"), "{headers:?}");
            assert_eq!(page.headers()["vary"], "accept-encoding, sec-fetch-site");
        }
        let data = ask("/data", &[gzip, ("sec-fetch-site", "none")]).await;
        assert!(!data.headers().contains_key("content-encoding"));
    }

    #[tokio::test]
    async fn what_is_written_of_a_page_is_not_held_back() {
        let (mut write, read) = mpsc::channel(1);
        let mut compressed = Box::pin(gzip(read));
        write.try_send(Ok(Bytes::from_static(b"first"))).unwrap();
        let mut sent = Vec::new();
        let mut begin = [0; 5];
        // Before the end is written.
        while GzDecoder::new(&sent[..]).read_exact(&mut begin).is_err() {
            sent.extend(compressed.next().await.unwrap().unwrap());
        }
        assert_eq!(&begin, b"first");
        drop(write);
        while let Some(more) = compressed.next().await {
            sent.extend(more.unwrap());
        }
        let mut text = String::new();
        GzDecoder::new(&sent[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "first");
    }
}
