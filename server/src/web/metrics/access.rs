//! Who may read the figures.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header, uri::Authority};

use crate::config::MetricsAccess;

/// Lets pass who may.
pub(super) async fn check(
    State(access): State<MetricsAccess>,
    request: Request,
    next: Next,
) -> Response {
    let may = match access {
        MetricsAccess::Anyone => true,
        MetricsAccess::Nobody => false,
        MetricsAccess::Loopback => {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
            peer.is_some_and(|peer| peer.0.ip().is_loopback()) && is_direct(request.headers())
        }
    };
    // As if there were nothing.
    if may { next.run(request).await } else { StatusCode::NOT_FOUND.into_response() }
}

/// Whether no proxy on this machine asks for somebody else: the server is called by a name of
/// loopback, and nobody is said to stand behind.
fn is_direct(headers: &HeaderMap) -> bool {
    const FORWARDED: [&str; 5] =
        ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let is_loopback = host.is_some_and(|host| {
        let name = host.host().trim_matches(['[', ']']);
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    });
    is_loopback && !FORWARDED.iter().any(|name| headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_somebody_else() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect()
        };
        assert!(is_direct(&headers(&[("host", "127.0.0.1:8787")])));
        assert!(is_direct(&headers(&[("host", "[::1]:8787")])));
        assert!(!is_direct(&headers(&[("host", "chat.example.com")])));
        assert!(!is_direct(&headers(&[("host", "localhost"), ("x-forwarded-for", "10.0.0.1")])));
        assert!(!is_direct(&headers(&[])));
    }
}
