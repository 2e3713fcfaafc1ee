//! What an ID token says, once it is checked: OpenID Connect Core 1.0, 3.1.3.7.

use jsonwebtoken::{
    DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    OpenIdError, PATIENCE,
    signature::{ALGORITHMS, family, install},
};

/// What a provider says of somebody.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    aud: Value,
    azp: Option<String>,
    nonce: Option<String>,
    /// When it was made, and when the person showed last who they are; in seconds since 1970.
    iat: Option<f64>,
    auth_time: Option<f64>,
    /// All that providers add as they like.
    #[serde(flatten)]
    pub(super) other: Map<String, Value>,
}

impl Claims {
    fn text(&self, claim: &str) -> Option<&str> {
        self.other.get(claim).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    pub(super) fn has_email(&self) -> bool {
        self.text("email").is_some()
    }

    /// An address that the provider vouches for.
    pub(crate) fn verified_email(&self) -> Option<&str> {
        let verified = self.other.get("email_verified");
        let verified = verified.is_some_and(|it| *it == Value::Bool(true) || *it == "true");
        self.text("email").filter(|_| verified)
    }

    /// What the person may be called, the best first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = ["name", "preferred_username", "email"];
        names.into_iter().filter_map(|claim| self.text(claim)).chain([self.sub.as_str()])
    }

    /// Whether the provider says that the person has shown since then who they are.
    pub(crate) fn signed_in_since(&self, time: u64) -> bool {
        self.auth_time.is_some_and(|at| at + LEEWAY >= seconds(time))
    }

    /// The person in words, for those who look after the server.
    pub(crate) fn who(&self) -> &str {
        self.text("email").or_else(|| self.text("preferred_username")).unwrap_or(&self.sub)
    }
}

/// How far clocks may differ, in seconds; the library takes as much for `exp` and `nbf`.
const LEEWAY: f64 = 60.0;

#[allow(clippy::cast_precision_loss, reason = "exact until the year 285 million")]
fn seconds(time: u64) -> f64 {
    time as f64
}

fn bad(what: impl ToString) -> OpenIdError {
    OpenIdError::Token(what.to_string())
}

/// Why a token is not good.
pub(super) enum Unfit {
    /// No key fits: the provider may have new ones.
    NoKey,
    Bad(OpenIdError),
}

/// Checks a token with the provider's keys.
pub(super) fn check(
    token: &str,
    keys: &[Jwk],
    issuer: &str,
    client: &str,
    nonce: &str,
    now: u64,
) -> Result<Claims, Unfit> {
    install();
    let unfit = |what: &str| Unfit::Bad(bad(what));
    // `none` is no algorithm that the library knows.
    let header = decode_header(token).map_err(|error| Unfit::Bad(bad(error)))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(unfit("it is not signed with a key of the provider's"));
    }
    let mut validation = Validation::new(header.alg);
    validation.validate_nbf = true;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[client]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let fits = |key: &&Jwk| {
        header.kid.as_ref().is_none_or(|kid| key.common.key_id.as_ref() == Some(kid))
            && !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption))
    };
    let mut problem = Unfit::NoKey;
    for key in keys.iter().filter(fits) {
        let Ok(key) = DecodingKey::from_jwk(key) else { continue };
        if key.family() != family(header.alg) {
            continue;
        }
        match decode::<Claims>(token, &key, &validation) {
            Ok(decoded) => {
                return with_rest(decoded.claims, client, nonce, now).map_err(Unfit::Bad);
            }
            // Which key it is was not said, so it may be a new one.
            Err(_) if header.kid.is_none() => {}
            Err(error) => problem = Unfit::Bad(bad(error)),
        }
    }
    Err(problem)
}

fn with_rest(claims: Claims, client: &str, nonce: &str, now: u64) -> Result<Claims, OpenIdError> {
    // It is made when the code is exchanged, which is not before somebody went and within the time
    // that a nonce is known for.
    let oldest = PATIENCE.as_secs_f64() + LEEWAY;
    match claims.iat.map(|made| seconds(now) - made) {
        None => return Err(bad("it does not say when it was made")),
        Some(age) if age < -LEEWAY => return Err(bad("it is said to be made in the future")),
        Some(age) if age > oldest => return Err(bad("it was made too long ago")),
        Some(_) => {}
    }
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(bad("it was made for another sign-in"));
    }
    let is_for_others = claims.aud.as_array().is_some_and(|all| all.len() > 1);
    match &claims.azp {
        Some(party) if party != client => Err(bad("it was made for another party")),
        None if is_for_others => Err(bad("it does not say which party it was made for")),
        _ if claims.sub.is_empty() => Err(bad("it names nobody")),
        _ => Ok(claims),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
    };
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
    use serde_json::json;

    use super::*;

    /// A key of a provider.
    pub(in crate::openid) struct Key {
        pair: EcdsaKeyPair,
        id: &'static str,
    }

    impl Key {
        pub(in crate::openid) fn new(id: &'static str) -> Self {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            Self { pair, id }
        }

        pub(in crate::openid) fn public(&self) -> Value {
            let point = self.pair.public_key().as_ref();
            json!({"kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "alg": "ES256",
                "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..])})
        }

        pub(in crate::openid) fn sign(&self, claims: &Value) -> String {
            self.sign_as(&json!({"alg": "ES256", "kid": self.id}), claims)
        }

        fn sign_as(&self, header: &Value, claims: &Value) -> String {
            let part = |value: &Value| BASE64.encode(value.to_string());
            let message = format!("{}.{}", part(header), part(claims));
            let signed = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
            format!("{message}.{}", BASE64.encode(signed.as_ref()))
        }
    }

    pub(in crate::openid) fn claims() -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        json!({"iss": "https://id.example", "sub": "1", "aud": "domovoi", "nonce": "n",
            "exp": now + 300, "iat": now})
    }

    fn checked(token: &str, keys: &[&Key]) -> Result<Claims, String> {
        let keys: Vec<Jwk> =
            keys.iter().map(|key| serde_json::from_value(key.public()).unwrap()).collect();
        let now = jsonwebtoken::get_current_timestamp();
        check(token, &keys, "https://id.example", "domovoi", "n", now).map_err(
            |unfit| match unfit {
                Unfit::NoKey => "no key".to_owned(),
                Unfit::Bad(error) => error.to_string(),
            },
        )
    }

    #[test]
    fn a_token_is_for_us_from_them_and_now() {
        let key = Key::new("a");
        let with = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            checked(&key.sign(&claims), &[&key])
        };
        assert_eq!(with("name", json!("Anna")).unwrap().names().next(), Some("Anna"));
        assert!(with("aud", json!(["domovoi"])).is_ok());
        let now = jsonwebtoken::get_current_timestamp();
        for skewed in [now + 30, now - 30] {
            assert!(with("iat", json!(skewed)).is_ok(), "clocks differ");
        }
        assert!(!with("iat", json!(now)).unwrap().signed_in_since(now), "it does not say");
        assert!(with("auth_time", json!(now - 30)).unwrap().signed_in_since(now));
        assert!(!with("auth_time", json!(now - 90)).unwrap().signed_in_since(now));
        let past = jsonwebtoken::get_current_timestamp() - 3600;
        for (name, value) in [
            ("iss", json!("https://evil.example")),
            ("iss", Value::Null),
            ("aud", json!("another")),
            ("aud", json!(["domovoi", "another"])),
            ("aud", Value::Null),
            ("azp", json!("another")),
            ("exp", json!(past)),
            ("exp", Value::Null),
            ("nbf", json!(past + 7200)),
            ("iat", json!(past)),
            ("iat", json!(past + 7200)),
            ("iat", Value::Null),
            ("nonce", json!("another")),
            ("nonce", Value::Null),
            ("sub", json!("")),
            ("sub", Value::Null),
        ] {
            assert!(with(name, value.clone()).is_err(), "{name}: {value}");
        }
    }

    #[test]
    fn only_the_providers_keys_sign() {
        let (key, other, same) = (Key::new("a"), Key::new("b"), Key::new("a"));
        let token = key.sign(&claims());
        assert!(checked(&token, &[&other, &key]).is_ok());
        assert_eq!(checked(&token, &[&other]).unwrap_err(), "no key", "they may have new ones");
        assert!(checked(&token, &[&same]).unwrap_err().contains("InvalidSignature"));
        let without_id = key.sign_as(&json!({"alg": "ES256"}), &claims());
        assert!(checked(&without_id, &[&other, &key]).is_ok(), "all are tried");
        for algorithm in ["none", "None", "HS256", "RS256", "ES384"] {
            let header = json!({"alg": algorithm, "kid": "a"});
            assert!(checked(&key.sign_as(&header, &claims()), &[&key]).is_err(), "{algorithm}");
        }
        let mut parts = token.split('.');
        let (header, body) = (parts.next().unwrap(), parts.next().unwrap());
        let mut forged = claims();
        forged["sub"] = json!("2");
        let forged = BASE64.encode(forged.to_string());
        let signed = parts.next().unwrap();
        for bad in [
            format!("{header}.{forged}.{signed}"),
            format!("{header}.{body}."),
            format!("{header}.{body}"),
            String::new(),
        ] {
            assert!(checked(&bad, &[&key]).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_signature_by_rsa_is_checked() {
        let sample: Value = serde_json::from_str(include_str!("rs256.json")).unwrap();
        let key: Jwk = serde_json::from_value(sample["key"].clone()).unwrap();
        let token = sample["token"].as_str().unwrap();
        let read = |token: &str| {
            // When it was made.
            let now = 1_700_000_000;
            check(token, std::slice::from_ref(&key), "https://id.example", "domovoi", "n", now)
        };
        assert_eq!(read(token).ok().unwrap().sub, "1");
        let broken = token.replace(&token[token.len() - 40..token.len() - 36], "AAAA");
        assert!(read(&broken).is_err());
    }
}
