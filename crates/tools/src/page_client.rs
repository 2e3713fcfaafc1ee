//! An HTTP client that connects to the public internet only.
//!
//! Addresses are looked at where the connection gets them from, so that a name whose answer changes
//! between a check and its use (DNS rebinding) gains nothing: by the resolver for names, and in the
//! URL itself for addresses, of the request and of each redirect.

use std::{
    collections::BTreeSet, error::Error as StdError, fmt, net::IpAddr, sync::Arc, time::Duration,
};

use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::{Attempt, Policy},
};

use crate::address::is_public;

/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// How long a connection may take to be made.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long a request may take with all redirects and its body.
const MAX_TIME: Duration = Duration::from_secs(20);

/// Hosts that may be fetched from though their addresses are not public.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exceptions(pub(crate) Arc<BTreeSet<String>>);

/// Why a request was not made.
#[derive(Debug)]
pub(crate) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Refused {}

fn not_public(host: &str) -> Refused {
    Refused(format!("`{host}` is not fetched: it is no host of the public internet."))
}

impl Exceptions {
    /// Whether a URL may be requested, as far as it can be told before its host is resolved.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Refused> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refused("Only http and https addresses are fetched.".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused("An address with a user or password is not fetched.".to_owned()));
        }
        let host = url.host_str().unwrap_or_default();
        // `Url` has made `0x7f.1` and the like an address already.
        let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
        match address {
            Ok(address) if !is_public(address) && !self.0.contains(host) => Err(not_public(host)),
            _ => Ok(()),
        }
    }

    fn redirect(&self, attempt: Attempt<'_>) -> reqwest::redirect::Action {
        if attempt.previous().len() > MAX_REDIRECTS {
            return attempt
                .error(Refused(format!("It redirects more than {MAX_REDIRECTS} times.")));
        }
        match self.check(attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(refused) => attempt.error(refused),
        }
    }
}

impl Resolve for Exceptions {
    fn resolve(&self, name: Name) -> Resolving {
        let exceptions = self.clone();
        Box::pin(async move {
            let name = name.as_str();
            let found: Vec<_> = tokio::net::lookup_host((name, 0)).await?.collect();
            let is_exception = exceptions.0.contains(name);
            let public: Vec<_> = found
                .into_iter()
                .filter(|address| is_exception || is_public(address.ip()))
                .collect();
            if public.is_empty() {
                return Err(not_public(name).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// The client. It uses no proxy: that would resolve names itself.
pub(crate) fn client(exceptions: &Exceptions) -> reqwest::Result<Client> {
    let redirects = exceptions.clone();
    Client::builder()
        .no_proxy()
        .dns_resolver(Arc::new(exceptions.clone()))
        .redirect(Policy::custom(move |attempt| redirects.redirect(attempt)))
        .referer(false)
        .connect_timeout(CONNECT_TIME)
        .timeout(MAX_TIME)
        .user_agent(concat!("domovoi/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// What is told of a request that failed.
pub(crate) fn explain(error: &reqwest::Error) -> String {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(Refused(refused)) = error.downcast_ref() {
            return refused.clone();
        }
        cause = error.source();
    }
    let host = error.url().and_then(Url::host_str).unwrap_or("the server").to_owned();
    if error.is_timeout() {
        format!("`{host}` took too long to answer.")
    } else if error.is_connect() {
        format!("`{host}` cannot be reached. Is the address right?")
    } else {
        format!("The answer of `{host}` broke off or cannot be understood.")
    }
}
