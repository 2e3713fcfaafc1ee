//! Requests of this server's own pages, and of programs that are no browsers; never of a foreign
//! page, not even of one that may talk to agents.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::refusal::refusal;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) async fn check(request: Request, next: Next) -> Response {
    if !is_own(request.headers()) {
        let message = "Only pages of this server may look at what agents have stored.";
        return refusal(StatusCode::FORBIDDEN, "foreign_page", message);
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Browsers say where a request comes from; older ones say so for those that are not plain reads,
/// and a foreign page cannot see the answer to a plain read.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    if let Some(site) = headers.get(SEC_FETCH_SITE)
        && !matches!(text(site).as_str(), "same-origin" | "none")
    {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = headers.get(header::HOST).map(text).unwrap_or_default();
    text(origin).split_once("://").is_some_and(|(_, authority)| authority == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        super::is_own(&headers)
    }

    #[test]
    fn a_foreign_page_gets_nothing() {
        let host = ("host", "localhost:8787");
        assert!(is_own(&[host]));
        assert!(is_own(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(is_own(&[host, ("origin", "http://localhost:8787")]));
        for site in ["cross-site", "same-site", "?"] {
            assert!(!is_own(&[host, ("sec-fetch-site", site)]), "{site}");
        }
        for origin in ["http://localhost:5173", "https://evil.com", "null"] {
            assert!(!is_own(&[host, ("origin", origin)]), "{origin}");
        }
    }
}
