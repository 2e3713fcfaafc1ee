//! Signing in at an identity provider, on sockets; and what is open to those who have no password.

use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::{
    openid::testing::{self, Shared},
    people::Role,
    testing::{Answered, Bench},
};

/// Somebody's browser: the cookies it has.
struct Browser<'a> {
    bench: &'a Bench,
    provider: &'a Shared,
    session: String,
}

/// The value of a cookie that an answer sets, with its name.
fn cookie(answered: &Answered, name: &str) -> Option<String> {
    let set = answered.headers.get_all(header::SET_COOKIE).iter().map(|it| it.to_str().unwrap());
    let pair = set.filter_map(|it| it.split(';').next()).find(|it| {
        it.strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('='))
            .is_some_and(|it| !it.is_empty())
    });
    pair.map(str::to_owned)
}

fn now() -> u64 {
    jsonwebtoken::get_current_timestamp()
}

/// A person as the provider knows them.
fn person(name: &str) -> Vec<(&'static str, Value)> {
    let email = format!("{name}@example.com");
    vec![
        ("sub", json!(name)),
        ("email", json!(email)),
        ("email_verified", json!(true)),
        ("name", json!(name)),
    ]
}

impl Browser<'_> {
    /// Comes back from where an answer leads to, as whom the provider says this of.
    async fn comes_back(&mut self, led: &Answered, said: &[(&str, Value)]) -> Answered {
        let address = match led.header(header::LOCATION) {
            "" => {
                let link = led.text.split("href=\"").find(|it| it.starts_with("http")).unwrap();
                link.split('"').next().unwrap().replace("&amp;", "&")
            }
            address => address.to_owned(),
        };
        let value = |name: &str| {
            let pairs = address.split(['?', '&']).filter_map(|pair| pair.split_once('='));
            let mut found = pairs.filter(|(key, _)| *key == name);
            // They are made of letters that need no escape but these.
            found.next().map(|it| it.1.replace("%2D", "-").replace("%5F", "_")).unwrap()
        };
        self.provider.lock().says(&value("nonce"), said);
        let kept = cookie(led, "domovoi-openid").unwrap();
        let path = format!("/sign-in/openid/callback?code=c&state={}", value("state"));
        let answered = self.bench.page(&path, &format!("{}; {kept}", self.session)).await;
        self.session = cookie(&answered, "domovoi").unwrap_or_else(|| self.session.clone());
        answered
    }

    async fn signs_in(&mut self, said: &[(&str, Value)]) -> Answered {
        let led = self.bench.page("/sign-in/openid", &self.session).await;
        self.comes_back(&led, said).await
    }

    async fn form(&self, path: &str, body: &str) -> Answered {
        self.bench.form(path, &self.session, body).await
    }

    /// Goes to the provider to show who it is.
    async fn proves(&mut self, said: &[(&str, Value)]) -> Answered {
        let led = self.form("/account/openid/prove", "").await;
        assert!(led.text.contains("prompt=login&amp;max_age=0"), "{}", led.text);
        self.comes_back(&led, said).await
    }
}

/// The provider, the server, and the owner's cookie.
async fn bench() -> (Shared, Bench, String) {
    let provider = testing::listen().await;
    let issuer = provider.lock().issuer.clone();
    let config = format!(
        "[openid]\nissuer = '{issuer}'\nclient_id = 'domovoi'\nsign_up = true\n\
         emails = ['carla@example.com', 'carla2@example.com']"
    );
    let bench = Bench::start(&config, []).await;
    let (_, anna) = bench.add("anna", Role::Owner);
    (provider, bench, anna)
}

#[tokio::test]
async fn who_has_no_password_sets_one_once_the_provider_has_asked_who_it_is() {
    let (provider, bench, anna) = bench().await;
    let mut carla = Browser { bench: &bench, provider: &provider, session: String::new() };
    let carlas = person("carla");
    assert_eq!(carla.signs_in(&carlas).await.status, StatusCode::SEE_OTHER);
    let account = bench.page("/account", &carla.session).await.text;
    assert!(account.contains("openid-prove") && !account.contains("password-change"), "{account}");
    let new = "new=ten+letters+and+more";
    assert_eq!(carla.form("/account/password", new).await.status, StatusCode::FORBIDDEN);

    let at = |time: u64| [person("carla"), vec![("auth_time", json!(time))]].concat();
    let mut somebody_else = person("carla2");
    somebody_else.push(("auth_time", json!(now())));
    for (said, words) in [
        (carlas.clone(), "did not say that you have signed in there just now"),
        (at(now() - 3600), "did not say that you have signed in there just now"),
        (somebody_else, "not linked with this account"),
    ] {
        let refused = carla.proves(&said).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(refused.text.contains(words), "{}", refused.text);
        assert_eq!(carla.form("/account/password", new).await.status, StatusCode::FORBIDDEN);
    }

    // Who looks after others reads of it in their language.
    let log = bench.page("/account", &format!("{anna}; language=de")).await.text;
    for words in ["Mitglied durch OpenID Connect", "ist nicht mit dem angemeldeten Konto verknüpft"]
    {
        assert!(log.contains(words), "{log}");
    }

    let proven = carla.proves(&at(now())).await;
    assert_eq!(proven.header(header::LOCATION), "/account?done=proven");
    // Another session of theirs has shown nothing.
    let mut other = Browser { bench: &bench, provider: &provider, session: String::new() };
    other.signs_in(&carlas).await;
    assert_eq!(other.form("/account/password", new).await.status, StatusCode::FORBIDDEN);
    assert_eq!(carla.form("/account/password", "new=short").await.status, 422);
    let set = carla.form("/account/password", new).await;
    assert_eq!(set.header(header::LOCATION), "/account?done=password");
    // Now there is one, which is asked for.
    assert_eq!(carla.form("/account/password", new).await.status, 422);
    let by_password = bench.form("/sign-in", "", "name=carla&password=ten+letters+and+more").await;
    assert_eq!(by_password.status, StatusCode::SEE_OTHER);
    let unlinked = carla.form("/account/openid/unlink", "").await;
    assert_eq!(unlinked.header(header::LOCATION), "/account?done=unlinked");
}

#[tokio::test]
async fn who_has_no_password_links_another_identity_and_comes_in_as_the_configuration_says() {
    let (provider, bench, _) = bench().await;
    let mut carla = Browser { bench: &bench, provider: &provider, session: String::new() };
    carla.signs_in(&person("carla")).await;
    assert_eq!(carla.form("/account/openid", "").await.status, StatusCode::FORBIDDEN);
    for another in ["carla2", "carla3"] {
        carla.proves(&[person("carla"), vec![("auth_time", json!(now()))]].concat()).await;
        let led = carla.form("/account/openid", "").await;
        // The proof is used up.
        assert_eq!(carla.form("/account/openid", "").await.status, StatusCode::FORBIDDEN);
        let linked = carla.comes_back(&led, &person(another)).await;
        assert_eq!(linked.header(header::LOCATION), "/account?done=linked");
    }
    let mut later = Browser { bench: &bench, provider: &provider, session: String::new() };
    assert_eq!(later.signs_in(&person("carla2")).await.status, StatusCode::SEE_OTHER);
    assert!(bench.page("/account", &later.session).await.text.contains(">carla<"));
    // It is no way around who may come in.
    assert_eq!(later.signs_in(&person("carla3")).await.status, StatusCode::FORBIDDEN);
}
