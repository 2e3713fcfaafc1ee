//! The address people know this server by.

use http::Uri;
use serde::Deserialize;

/// The address people know this server by, such as `https://chat.example.com`: scheme, name and
/// where it is another than usual the port; no path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicUrl {
    origin: String,
    host: String,
    secure: bool,
}

impl PublicUrl {
    /// Without a slash at its end, as browsers send it in `Origin`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The name in it, without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether people come by TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let refused = || {
            format!(
                "`{text}` is no address people can know a server by: it is `https://` or `http://` \
                 and a name, such as https://chat.example.com"
            )
        };
        let uri: Uri = text.parse().map_err(|_| refused())?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refused()),
        };
        let authority = uri.authority().ok_or_else(refused)?;
        let has_more = uri.path() != "/" || uri.query().is_some();
        if has_more || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(refused());
        }
        let scheme = if secure { "https" } else { "http" };
        let origin = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
        Ok(Self { origin, host: authority.host().to_ascii_lowercase(), secure })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_and_name_and_nothing_else() {
        let read = |text: &str| PublicUrl::try_from(text.to_owned());
        let url = read("https://Chat.example.com/").unwrap();
        assert_eq!((url.origin(), url.host()), ("https://chat.example.com", "chat.example.com"));
        assert!(url.is_secure() && !read("http://10.0.0.5:8787").unwrap().is_secure());
        for wrong in ["chat.example.com", "ftp://x", "https://x/path", "https://a@x", "https://"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
