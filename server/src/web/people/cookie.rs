//! The cookie of a session.

use http::{HeaderMap, HeaderValue, header};

use crate::{openid, people::LIFETIME};

/// Its name where people come by TLS: no other host, no page below it and no plain connection can
/// set one of this name.
const SECURE: &str = "__Host-domovoi";
/// Its name on a plain connection.
const PLAIN: &str = "domovoi";

/// Carried by somebody who is away to sign in at the identity provider.
const AWAY: [&str; 2] = ["domovoi-openid", "__Host-domovoi-openid"];

fn name(secure: bool) -> &'static str {
    if secure { SECURE } else { PLAIN }
}

/// What the cookie carries.
pub(super) fn read(headers: &HeaderMap, secure: bool) -> Option<&str> {
    find(headers, name(secure))
}

/// What the cookie of somebody carries who comes back from the identity provider.
pub(super) fn read_away(headers: &HeaderMap, secure: bool) -> Option<&str> {
    find(headers, AWAY[usize::from(secure)])
}

fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = pairs.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// Has the browser keep it for as long as a session lasts.
pub(super) fn set(token: &str, secure: bool) -> Option<HeaderValue> {
    write(name(secure), token, LIFETIME / 1000, secure)
}

/// Has the browser forget it.
pub(super) fn clear(secure: bool) -> Option<HeaderValue> {
    write(name(secure), "", 0, secure)
}

/// Has the browser keep what it is to come back with, for some minutes.
pub(super) fn set_away(token: &str, secure: bool) -> Option<HeaderValue> {
    let seconds = i64::try_from(openid::PATIENCE.as_secs()).unwrap_or_default();
    write(AWAY[usize::from(secure)], token, seconds, secure)
}

/// Has the browser forget it.
pub(super) fn clear_away(secure: bool) -> Option<HeaderValue> {
    write(AWAY[usize::from(secure)], "", 0, secure)
}

fn write(name: &str, value: &str, seconds: i64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let mut cookie = HeaderValue::from_str(&cookie).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_connection_has_its_own() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("theme=dark; domovoi=a"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-domovoi=b"));
        assert_eq!(read(&headers, false), Some("a"));
        assert_eq!(read(&headers, true), Some("b"));
        let set = set("t", true).unwrap();
        let expected = "__Host-domovoi=t; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(set.to_str().unwrap(), expected);
        assert!(!super::set("t", false).unwrap().to_str().unwrap().contains("Secure"));
    }
}
