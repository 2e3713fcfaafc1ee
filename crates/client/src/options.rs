//! Which agent to connect to, and how.

use std::time::Duration;

use domovoi_protocol::address;

use crate::ReconnectPolicy;

/// Which agent to connect to, and how.
///
/// ```
/// use domovoi_client::AgentOptions;
///
/// let options = AgentOptions::new("Assistant", "home")
///     .base("http://127.0.0.1:8787")
///     .query("token", "a b")
///     .connection_id("c1");
/// assert_eq!(
///     options.socket_url(),
///     "ws://127.0.0.1:8787/agents/assistant/home?_pk=c1&domovoi=1&token=a%20b",
/// );
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct AgentOptions {
    /// Scheme, host and port, with an optional path before `/agents`; `http` and `ws` mean the
    /// same here. Default: the page's origin in a browser, `ws://127.0.0.1:8787` elsewhere.
    pub base: String,
    /// The agent's type in kebab-case.
    pub agent: String,
    /// The instance's name.
    pub name: String,
    /// Query parameters of the socket's address and of requests.
    pub query: Vec<(String, String)>,
    /// The connection's id (`_pk`), kept over reconnects; one is made up where there is none.
    pub connection_id: Option<String>,
    /// How long to wait before connecting again.
    pub reconnect: ReconnectPolicy,
    /// How long a call that is not streamed may take; `None` for as long as it likes.
    pub call_timeout: Option<Duration>,
    /// How many messages may wait for the connection.
    pub max_queued: usize,
}

impl AgentOptions {
    /// Options for the instance `name` of `agent`, given as a type's name or in kebab-case.
    pub fn new(agent: impl AsRef<str>, name: impl Into<String>) -> Self {
        Self {
            base: crate::platform::default_base(),
            agent: address::kebab_case(agent.as_ref()),
            name: name.into(),
            query: Vec::new(),
            connection_id: None,
            reconnect: ReconnectPolicy::default(),
            call_timeout: Some(Duration::from_secs(30)),
            max_queued: 1024,
        }
    }

    /// Sets scheme, host and port, as in `ws://127.0.0.1:8787`.
    pub fn base(mut self, base: impl Into<String>) -> Self {
        self.base = base.into();
        self
    }

    /// Adds a query parameter.
    pub fn query(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((key.into(), value.into()));
        self
    }

    /// Sets the connection's id.
    pub fn connection_id(mut self, id: impl Into<String>) -> Self {
        self.connection_id = Some(id.into());
        self
    }

    /// Sets how long to wait before connecting again.
    pub fn reconnect(mut self, policy: ReconnectPolicy) -> Self {
        self.reconnect = policy;
        self
    }

    /// Sets how long a call that is not streamed may take.
    pub fn call_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// The address of the agent's WebSocket. It says (`domovoi=1`) that this client need not be
    /// sent the whole history for each change of it.
    #[must_use]
    pub fn socket_url(&self) -> String {
        let id = self.connection_id.iter().map(|id| ("_pk", id.as_str()));
        let url = format!("{}{}", self.origin("ws"), address::path(&self.agent, &self.name));
        with_query(url, id.chain([("domovoi", "1")]).chain(self.query_pairs()))
    }

    /// The address of `path` under the agent, for HTTP.
    #[must_use]
    pub fn http_url(&self, path: &str) -> String {
        let mut url = format!("{}{}", self.origin("http"), address::path(&self.agent, &self.name));
        let path = path.trim_start_matches('/');
        if !path.is_empty() {
            url.push('/');
            url.push_str(path);
        }
        with_query(url, self.query_pairs())
    }

    fn query_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The base with the scheme `plain` or, where the base is secure, `plain` with an `s`.
    fn origin(&self, plain: &str) -> String {
        let base = self.base.trim_end_matches('/');
        let (scheme, rest) = base.split_once("://").unwrap_or(("", base));
        let secure = if matches!(scheme, "https" | "wss") { "s" } else { "" };
        format!("{plain}{secure}://{rest}")
    }
}

pub(crate) fn with_query<'a>(
    mut url: String,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut separator = if url.contains('?') { '&' } else { '?' };
    for (key, value) in pairs {
        url.push(separator);
        percent_encode(&mut url, key);
        url.push('=');
        percent_encode(&mut url, value);
        separator = '&';
    }
    url
}

fn percent_encode(into: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            into.push(char::from(byte));
        } else {
            into.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_follow_the_base() {
        let options = AgentOptions::new("MyAgent", "a/b").base("https://x.test/prefix/");
        assert_eq!(options.socket_url(), "wss://x.test/prefix/agents/my-agent/a%2Fb?domovoi=1");
        assert_eq!(
            options.query("k", "ä&").http_url("/get-messages"),
            "https://x.test/prefix/agents/my-agent/a%2Fb/get-messages?k=%C3%A4%26"
        );
    }

    #[test]
    fn a_path_may_bring_a_query_of_its_own() {
        let options = AgentOptions::new("a", "n").base("127.0.0.1:1").query("k", "v");
        assert_eq!(options.http_url("p?x=1"), "http://127.0.0.1:1/agents/a/n/p?x=1&k=v");
        assert_eq!(options.http_url(""), "http://127.0.0.1:1/agents/a/n?k=v");
    }
}
