//! The identity provider: where it is, its keys, and what it answers.

use std::time::{Duration, Instant};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{Uri, header};
use jsonwebtoken::jwk::Jwk;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, RequestBuilder, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    Attempt, Attempts, Claims, OpenIdError,
    token::{self, Unfit},
};
use crate::{
    config::{ConfigError, OpenIdConfig},
    people::{Role, Token},
};

/// How long the provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer, in bytes.
const MAX_ANSWER: usize = 1 << 20;
/// How long what the provider says of itself is believed.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How soon it may be asked again for its keys: anybody can name a key that it does not have.
const SOON: Duration = Duration::from_secs(30);

/// What a provider says of itself.
#[derive(Debug, Clone, Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: String,
}

struct Cached {
    at: Instant,
    discovery: Discovery,
    keys: Vec<Jwk>,
}

/// The identity provider people sign in at.
pub(crate) struct OpenId {
    config: OpenIdConfig,
    secret: Option<String>,
    client: Client,
    pub(crate) attempts: Attempts,
    cached: Mutex<Option<Cached>>,
}

impl OpenId {
    /// # Errors
    /// [`ConfigError`] where the configuration cannot be used.
    pub(crate) fn new(config: &OpenIdConfig) -> Result<Self, ConfigError> {
        if let Some(mistake) = mistake(config) {
            return Err(ConfigError::OpenId(mistake));
        }
        let mut config = config.clone();
        // With or without a slash at its end it is the same provider, and people are the same.
        config.issuer.truncate(config.issuer.trim_end_matches('/').len());
        let secret = config.client_secret()?;
        if secret.as_ref().is_some_and(String::is_empty) {
            return Err(ConfigError::OpenId("the client's secret is empty".to_owned()));
        }
        let client = Client::builder().redirect(Policy::none()).timeout(PATIENCE).build();
        let client = client.map_err(|error| ConfigError::OpenId(error.to_string()))?;
        Ok(Self { secret, config, client, attempts: Attempts::default(), cached: Mutex::new(None) })
    }

    pub(crate) fn config(&self) -> &OpenIdConfig {
        &self.config
    }

    /// The role of somebody who may come in.
    pub(crate) fn role_of(&self, claims: &Claims) -> Option<Role> {
        self.config.role_of(claims)
    }

    /// Whether the provider answers, as it should.
    pub(crate) async fn reach(&self) -> Result<(), OpenIdError> {
        self.known(FRESH).await.map(|_| ())
    }

    /// Where the person goes to sign in.
    pub(crate) async fn address(&self, to: &Attempt, back: &str) -> Result<String, OpenIdError> {
        let (discovery, _) = self.known(FRESH).await?;
        let challenge = URL_SAFE_NO_PAD.encode(Token::hash(&to.verifier));
        let scopes = self.config.scopes.join(" ");
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", &self.config.client_id),
            ("redirect_uri", back),
            ("scope", &scopes),
            ("state", &to.state),
            ("nonce", &to.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if to.asks_anew() {
            // The one has the provider ask; by the other it has to say when it has.
            fields.extend([("prompt", "login"), ("max_age", "0")]);
        }
        let query = form(&fields);
        let address = discovery.authorization_endpoint;
        let mark = if address.contains('?') { '&' } else { '?' };
        Ok(format!("{address}{mark}{query}"))
    }

    /// Who has come back with this code.
    pub(crate) async fn claims(
        &self,
        of: &Attempt,
        code: &str,
        back: &str,
    ) -> Result<Claims, OpenIdError> {
        let (discovery, keys) = self.known(FRESH).await?;
        let tokens = self.exchange(&discovery, of, code, back).await?;
        let check = |keys: &[Jwk]| {
            let client = &self.config.client_id;
            let now = jsonwebtoken::get_current_timestamp();
            token::check(&tokens.id_token, keys, &discovery.issuer, client, &of.nonce, now)
        };
        let checked = match check(&keys) {
            Err(Unfit::NoKey) => check(&self.known(SOON).await?.1),
            checked => checked,
        };
        let mut claims = checked.map_err(|unfit| match unfit {
            Unfit::NoKey => OpenIdError::Token("none of the provider's keys fits it".to_owned()),
            Unfit::Bad(error) => error,
        })?;
        if let (false, Some(address)) = (claims.has_email(), &discovery.userinfo_endpoint) {
            let request = self.client.get(address).bearer_auth(&tokens.access_token);
            let more: Value = answer(request, "user info").await?;
            if more.get("sub").and_then(Value::as_str) != Some(claims.sub.as_str()) {
                return Err(OpenIdError::Token("the user info is of somebody else".to_owned()));
            }
            // What is said of an address belongs to that address.
            claims.other.remove("email_verified");
            for (name, value) in more.as_object().into_iter().flatten() {
                claims.other.entry(name).or_insert_with(|| value.clone());
            }
        }
        Ok(claims)
    }

    async fn exchange(
        &self,
        discovery: &Discovery,
        of: &Attempt,
        code: &str,
        back: &str,
    ) -> Result<Tokens, OpenIdError> {
        let id = self.config.client_id.as_str();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back),
            ("code_verifier", &of.verifier),
        ];
        let methods = &discovery.token_endpoint_auth_methods_supported;
        let knows = |method: &str| methods.iter().any(|known| known == method);
        let mut request = self.client.post(&discovery.token_endpoint);
        match &self.secret {
            None => fields.push(("client_id", id)),
            Some(secret) if knows("client_secret_post") && !knows("client_secret_basic") => {
                fields.extend([("client_id", id), ("client_secret", secret.as_str())]);
            }
            Some(secret) => {
                let pair = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
                request = request.header(header::AUTHORIZATION, format!("Basic {pair}"));
            }
        }
        let kind = "application/x-www-form-urlencoded";
        answer(request.header(header::CONTENT_TYPE, kind).body(form(&fields)), "token").await
    }

    /// What the provider says of itself, and its keys; what is older than this is asked for again.
    async fn known(&self, age: Duration) -> Result<(Discovery, Vec<Jwk>), OpenIdError> {
        let mut cached = self.cached.lock().await;
        if let Some(known) = cached.as_ref().filter(|known| known.at.elapsed() < age) {
            return Ok((known.discovery.clone(), known.keys.clone()));
        }
        let base = &self.config.issuer;
        let address = format!("{base}/.well-known/openid-configuration");
        let what = "discovery document";
        let discovery: Discovery = answer(self.client.get(address), what).await?;
        let bad = |why: String| Err(OpenIdError::Answer(what, why));
        if discovery.issuer.trim_end_matches('/') != base.as_str() {
            return bad(format!("it is that of `{}`", discovery.issuer));
        }
        let Discovery { authorization_endpoint, token_endpoint, jwks_uri, .. } = &discovery;
        let all = [authorization_endpoint, token_endpoint, jwks_uri];
        let all = all.into_iter().chain(&discovery.userinfo_endpoint);
        if let Some(unsafe_one) = all.into_iter().find(|address| !is_safe(address)) {
            return bad(format!("`{unsafe_one}` is no https address"));
        }
        let keys: Keys = answer(self.client.get(jwks_uri), "list of keys").await?;
        // Providers have keys for other things as well, of kinds that nobody here knows.
        let keys = keys.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        let keys: Vec<Jwk> = keys.collect();
        *cached =
            Some(Cached { at: Instant::now(), discovery: discovery.clone(), keys: keys.clone() });
        Ok((discovery, keys))
    }
}

/// What is wrong with a configuration.
fn mistake(config: &OpenIdConfig) -> Option<String> {
    let is_no_role = |role: &&String| !Role::from_name(role).is_ok_and(|role| role != Role::Owner);
    if !is_safe(&config.issuer) {
        Some(format!("the issuer `{}` is no https address", config.issuer))
    } else if config.client_id.trim().is_empty() {
        Some("`client_id` is empty".to_owned())
    } else if config.client_secret_env.is_some() && config.client_secret_file.is_some() {
        Some("the secret is in a variable or in a file, not in both".to_owned())
    } else if !config.scopes.iter().any(|scope| scope == "openid") {
        Some("`scopes` has to have `openid` in it".to_owned())
    } else if let Some(domain) = config.email_domains.iter().find(|it| it.contains('@')) {
        Some(format!("`{domain}` is no domain: it is what comes after the `@`"))
    } else {
        let role = config.roles.values().find(is_no_role)?;
        Some(format!("`{role}` is no role that can be given: admin or member"))
    }
}

/// TLS, or this machine.
fn is_safe(address: &str) -> bool {
    let Ok(uri) = address.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_here,
        _ => false,
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// What is answered, as JSON. Its text is in no error: it may have tokens in it.
async fn answer<T: DeserializeOwned>(
    request: RequestBuilder,
    what: &'static str,
) -> Result<T, OpenIdError> {
    let lost = |error: reqwest::Error| OpenIdError::Unreachable(error.without_url().to_string());
    let mut response =
        request.header(header::ACCEPT, "application/json").send().await.map_err(lost)?;
    let status = response.status();
    let mut body = vec![];
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err(OpenIdError::Answer(what, "it is too large".to_owned()));
        }
    }
    if !status.is_success() {
        let error: Option<Value> = serde_json::from_slice(&body).ok();
        let code = error.as_ref().and_then(|error| error.get("error")?.as_str()).unwrap_or("");
        return Err(OpenIdError::Answer(what, format!("it answered {status} {code}")));
    }
    serde_json::from_slice(&body)
        .map_err(|_| OpenIdError::Answer(what, "it is not what the specification says".to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{
            Purpose,
            testing::{self, Shared},
            token::tests::Key,
        },
        *,
    };
    use crate::config::Config;

    async fn provider() -> (Shared, OpenId) {
        let shared = testing::listen().await;
        let issuer = shared.lock().issuer.clone();
        let text = format!("[openid]\nissuer = '{issuer}/'\nclient_id = 'domovoi'");
        let config = Config::parse(&text).unwrap().openid.unwrap();
        (shared, OpenId::new(&config).unwrap())
    }

    /// Has the provider say something of the person who makes this attempt.
    fn say(provider: &Shared, key: &Key, attempt: &Attempt, more: &[(&str, Value)]) {
        provider.lock().say(key, &attempt.nonce, more);
    }

    #[tokio::test]
    async fn a_code_becomes_claims_with_the_verifier_and_what_the_user_info_says() {
        let (provider, openid) = provider().await;
        let key = Key::new("a");
        provider.lock().keys = vec![key.public()];
        let attempt = Attempt::new("/", Purpose::SignIn).unwrap();
        say(&provider, &key, &attempt, &[("email_verified", json!(true))]);
        let claims = openid.claims(&attempt, "the code", "http://here/back").await.unwrap();
        assert_eq!(claims.verified_email(), Some("anna@example.com"));
        let asked = provider.lock().asked.clone();
        let of = |name: &str| asked.iter().find(|(key, _)| key == name).unwrap().1.clone();
        assert_eq!(
            (of("code"), of("code_verifier"), of("redirect_uri")),
            ("the code".into(), attempt.verifier.clone(), "http://here/back".into())
        );

        // What the token says of an address is not said of the one that the user info has.
        provider.lock().user = json!({"sub": "1", "email": "owner@example.com"});
        let claims = openid.claims(&attempt, "c", "b").await.unwrap();
        assert_eq!(claims.verified_email(), None);
        provider.lock().user = json!({"sub": "2", "email": "owner@example.com"});
        let error = openid.claims(&attempt, "c", "b").await.unwrap_err().to_string();
        assert!(error.contains("somebody else"), "{error}");
    }

    #[tokio::test]
    async fn keys_are_asked_for_again_where_one_is_new_and_not_for_every_unknown_one() {
        let (provider, openid) = provider().await;
        let (old, new) = (Key::new("old"), Key::new("new"));
        provider.lock().keys = vec![old.public()];
        let attempt = Attempt::new("/", Purpose::SignIn).unwrap();
        say(&provider, &old, &attempt, &[]);
        openid.claims(&attempt, "c", "b").await.unwrap();
        provider.lock().keys = vec![new.public()];
        say(&provider, &new, &attempt, &[]);
        // It was asked a moment ago.
        assert!(openid.claims(&attempt, "c", "b").await.is_err());
        let longer = Instant::now().checked_sub(SOON).unwrap();
        openid.cached.lock().await.as_mut().unwrap().at = longer;
        openid.claims(&attempt, "c", "b").await.unwrap();
    }

    #[tokio::test]
    async fn a_provider_that_says_it_is_another_or_says_too_much_is_not_believed() {
        let cases = [
            ("issuer", json!("https://evil.example"), "that of"),
            ("token_endpoint", json!("http://evil.example/token"), "no https address"),
            ("more", json!("x".repeat(MAX_ANSWER)), "too large"),
            ("jwks_uri", json!(3), "not what the specification says"),
        ];
        for (name, value, words) in cases {
            let (provider, openid) = provider().await;
            provider.lock().discovery[name] = value;
            let error = openid.reach().await.unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn mistakes_in_the_configuration_are_named() {
        for (text, words) in [
            ("issuer = 'http://id.example'\nclient_id = 'x'", "no https address"),
            ("issuer = 'https://id.example'\nclient_id = ' '", "`client_id` is empty"),
            (
                "issuer = 'https://id.example'\nclient_id = 'x'\nscopes = ['email']",
                "`openid` in it",
            ),
            (
                "issuer = 'https://id.example'\nclient_id = 'x'\nemail_domains = ['@x.example']",
                "after the `@`",
            ),
            (
                "issuer = 'https://id.example'\nclient_id = 'x'\nroles = { kings = 'owner' }",
                "`owner` is no role",
            ),
            (
                "issuer = 'https://id.example'\nclient_id = 'x'\nclient_secret_env = 'A'\nclient_secret_file = 'b'",
                "not in both",
            ),
        ] {
            let config = Config::parse(&format!("[openid]\n{text}")).unwrap().openid.unwrap();
            let error = OpenId::new(&config).err().unwrap().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
