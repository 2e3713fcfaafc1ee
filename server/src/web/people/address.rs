//! From where somebody asks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::request::Parts;

/// The address of whoever asks. A proxy on this machine is believed when it says for whom it does:
/// what it has seen itself is the last of its list, and what clients claim comes before.
pub(super) fn of(request: &Parts) -> IpAddr {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical());
    if !peer.is_loopback() {
        return peer;
    }
    let forwarded = request.headers.get_all("x-forwarded-for").iter().next_back();
    let last = forwarded.and_then(|list| list.to_str().ok()?.rsplit(',').next());
    last.and_then(|last| last.trim().parse().ok()).unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_request(peer: &str, forwarded: Option<&str>) -> String {
        let mut request = http::Request::builder();
        if let Some(forwarded) = forwarded {
            request = request.header("x-forwarded-for", forwarded);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let peer: SocketAddr = peer.parse().unwrap();
        parts.extensions.insert(ConnectInfo(peer));
        of(&parts).to_string()
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed() {
        assert_eq!(of_request("127.0.0.1:1", None), "127.0.0.1");
        assert_eq!(of_request("127.0.0.1:1", Some("6.6.6.6, 192.0.2.1")), "192.0.2.1");
        assert_eq!(of_request("[::ffff:127.0.0.1]:1", Some("192.0.2.1")), "192.0.2.1");
        assert_eq!(of_request("192.0.2.9:1", Some("192.0.2.1")), "192.0.2.9");
        assert_eq!(of_request("127.0.0.1:1", Some("nonsense")), "127.0.0.1");
    }
}
