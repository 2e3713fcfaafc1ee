//! Address and key of an endpoint.
//!
//! `async-openai`'s own configuration reads `OPENAI_API_KEY` from the environment where none is
//! given, and would send it to whatever address is configured. This one takes what it is given.

use std::fmt;

use async_openai::config::Config;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::SecretString;

use crate::ModelError;

/// Address and key of an endpoint. Its `Debug` shows neither key nor credentials in the address.
#[derive(Clone)]
pub(super) struct Endpoint {
    base: Url,
    base_text: String,
    address: String,
    authorization: Option<HeaderValue>,
    key: SecretString,
}

impl Endpoint {
    pub(super) fn new(base_url: &str, api_key: Option<&str>) -> Result<Self, ModelError> {
        let wrong = |problem: &str| {
            ModelError::Unavailable(format!(
                "The model provider's address `{}` {problem}. Correct it in the configuration.",
                public_address(base_url)
            ))
        };
        let base = Url::parse(base_url.trim()).map_err(|_| wrong("is not an address"))?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(wrong("does not begin with http:// or https://"));
        }
        let key = api_key.unwrap_or_default().trim();
        let authorization = if key.is_empty() {
            None
        } else {
            let mut value = HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| {
                ModelError::Unavailable(
                    "The API key contains characters that a key cannot have. Check the key in \
                     the configuration."
                        .to_owned(),
                )
            })?;
            value.set_sensitive(true);
            Some(value)
        };
        Ok(Self {
            base_text: base.as_str().trim_end_matches('/').to_owned(),
            address: public_address(base_url),
            base,
            authorization,
            key: key.to_owned().into(),
        })
    }

    /// The address without credentials, for messages and logs.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Whether this is OpenAI's own service, which refuses some fields that others need.
    pub(super) fn is_openai(&self) -> bool {
        self.base.host_str() == Some("api.openai.com")
    }

    /// `text` without the key, should an endpoint repeat it.
    pub(super) fn without_key(&self, text: &str) -> String {
        use secrecy::ExposeSecret;
        match self.key.expose_secret() {
            "" => text.to_owned(),
            key => text.replace(key, "[API key]"),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.address).finish()
    }
}

impl Config for Endpoint {
    fn headers(&self) -> HeaderMap {
        self.authorization.iter().map(|value| (AUTHORIZATION, value.clone())).collect()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_text)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base_text
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}

/// An address without user, password, query and fragment.
pub(super) fn public_address(address: &str) -> String {
    let Ok(mut url) = Url::parse(address.trim()) else {
        // Nothing is known about its parts, so what may be a password goes.
        return address.rsplit('@').next().unwrap_or_default().to_owned();
    };
    url.set_query(None);
    url.set_fragment(None);
    // These fail only for addresses that cannot carry a user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let endpoint = Endpoint::new("http://me:pass@host:1/v1/?a=secret", Some("sk-1")).unwrap();
        assert_eq!(endpoint.address(), "http://host:1/v1");
        assert_eq!(format!("{endpoint:?}"), r#"Endpoint("http://host:1/v1")"#);
        assert_eq!(endpoint.without_key("bad key sk-1!"), "bad key [API key]!");
        assert!(endpoint.headers()[AUTHORIZATION].is_sensitive());
    }

    #[test]
    fn paths_are_joined_with_one_slash_and_no_key_sends_no_header() {
        let endpoint = Endpoint::new("https://api.openai.com/v1/", None).unwrap();
        assert_eq!(endpoint.url("/chat/completions"), "https://api.openai.com/v1/chat/completions");
        assert!(endpoint.headers().is_empty());
        assert!(endpoint.is_openai());
    }

    #[test]
    fn what_cannot_be_an_endpoint_is_refused() {
        for address in ["", "localhost:8080", "ftp://host/v1", "http://"] {
            assert!(Endpoint::new(address, None).is_err(), "{address}");
        }
        assert!(Endpoint::new("http://host", Some("a\nb")).is_err());
    }
}
