//! Who may ask: a name this server goes by, and headers that tell browsers what it may not do.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue, StatusCode, header, uri::Authority};

use crate::{config::Config, refusal::refusal};

/// Knows the names this server goes by.
#[derive(Clone)]
pub(crate) struct Guard {
    allowed_hosts: Arc<[String]>,
    /// Whether other machines can ask: then people sign in, and call the server by its address.
    is_public: bool,
}

impl Guard {
    pub(crate) fn new(config: &Config) -> Self {
        let public = config.public_url.iter().map(|url| url.host().to_owned());
        let allowed_hosts = config.allowed_hosts.iter().cloned().chain(public).collect();
        Self { allowed_hosts, is_public: !config.listen.ip().is_loopback() }
    }

    /// Whether `host`, a `Host` header, is this server. A foreign name means that a page of that
    /// name was made to point here (DNS rebinding).
    fn knows(&self, host: &str) -> bool {
        if self.allowed_hosts.iter().any(|allowed| allowed == host) {
            return true;
        }
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().trim_matches(['[', ']']);
        name == "localhost"
            // An address cannot be made to point elsewhere.
            || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || self.is_public)
            || self.allowed_hosts.iter().any(|allowed| allowed == name)
    }
}

/// Lets requests for this server pass, and adds the headers every answer has.
pub(crate) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| guard.knows(host)) {
        let message = "This server does not go by that name. Add it to `allowed_hosts`.";
        return with_headers(refusal(StatusCode::MISDIRECTED_REQUEST, "unknown_host", message));
    }
    with_headers(next.run(request).await)
}

fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What an answer says that does not say it itself; pages bring a policy of their own.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_server_pass() {
        let guard = |text: &str| Guard::new(&Config::parse(text).unwrap());
        let named = "allowed_hosts = ['chat.example.com']";
        let (guard, known, public) = (
            guard(named),
            guard("public_url = 'https://chat.example.com:8443'"),
            guard("listen = '0.0.0.0:8787'"),
        );
        assert!(known.knows("chat.example.com:8443") && !known.knows("10.0.0.1:8787"));
        assert!(public.knows("10.0.0.1:8787") && public.knows("[2001:db8::1]:8787"));
        assert!(!public.knows("evil.com:8787") && !public.knows("10.0.0.1.evil.com"));
        for host in ["127.0.0.1:8787", "localhost", "[::1]:1", "chat.example.com", "127.9.9.9"] {
            assert!(guard.knows(host), "{host}");
        }
        for host in ["evil.com", "localhost.evil.com", "10.0.0.1", "", "127.0.0.1.evil.com:80"] {
            assert!(!guard.knows(host), "{host}");
        }
    }
}
