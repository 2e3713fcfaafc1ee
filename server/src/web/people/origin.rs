//! Whether a request comes from one of our own pages.

use http::{HeaderMap, Method, header};

use crate::config::PublicUrl;

/// Whether a request may change something.
pub(super) fn changes_something(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether no other page has sent this. Browsers say where a request comes from in `Sec-Fetch-Site`,
/// in `Origin` or in both; what says neither is no browser, and has no cookie that it was not given.
pub(super) fn is_own(headers: &HeaderMap, public: Option<&PublicUrl>) -> bool {
    let text = |name: &str| headers.get(name).map(|it| it.to_str().unwrap_or_default());
    if text("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else { return true };
    let host = text(header::HOST.as_str()).unwrap_or_default();
    let is_host = origin.split_once("://").is_some_and(|(_, authority)| authority == host);
    is_host || public.is_some_and(|public| public.origin() == origin)
}

/// As [`is_own`], or a page that the configuration allows.
pub(super) fn is_allowed(
    headers: &HeaderMap,
    public: Option<&PublicUrl>,
    allowed: &[String],
) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|it| it.to_str().ok());
    is_own(headers, public) || origin.is_some_and(|origin| allowed.iter().any(|it| it == origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "chat.example.com".parse().unwrap());
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn other_pages_are_told_apart() {
        let own = |pairs: &[(&'static str, &str)]| is_own(&headers(pairs), None);
        assert!(own(&[]), "no browser");
        assert!(own(&[("origin", "https://chat.example.com")]));
        assert!(own(&[("origin", "https://chat.example.com"), ("sec-fetch-site", "same-origin")]));
        assert!(!own(&[("origin", "https://chat.example.com.evil.example")]));
        assert!(!own(&[("origin", "null")]));
        assert!(!own(&[("sec-fetch-site", "cross-site")]));
        assert!(!own(&[("sec-fetch-site", "same-site")]), "another port is another page");
    }

    #[test]
    fn what_is_configured_is_allowed() {
        let public: PublicUrl = "https://public.example".to_owned().try_into().unwrap();
        assert!(is_own(&headers(&[("origin", "https://public.example")]), Some(&public)));
        let allowed = ["http://localhost:5173".to_owned()];
        let from = headers(&[("origin", "http://localhost:5173"), ("sec-fetch-site", "same-site")]);
        assert!(is_allowed(&from, None, &allowed) && !is_own(&from, None));
    }
}
