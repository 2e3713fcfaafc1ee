//! An identity provider on a socket, which says what a test wants.

use std::sync::Arc;

use axum::{
    Form, Json, Router,
    extract::State,
    routing::{get, post},
};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::token::tests::{Key, claims};

/// What it answers.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(super) discovery: Value,
    pub(super) keys: Vec<Value>,
    token: String,
    own: Arc<Key>,
    pub(super) user: Value,
    /// What it was asked for a token with.
    pub(super) asked: Vec<(String, String)>,
}

pub(crate) type Shared = Arc<Mutex<Provider>>;

impl Provider {
    /// Has it say this of the person for whose sign-in a nonce was made.
    pub(super) fn say(&mut self, key: &Key, nonce: &str, more: &[(&str, Value)]) {
        let mut said = claims();
        said["iss"] = self.issuer.clone().into();
        said["nonce"] = nonce.into();
        for (name, value) in more {
            said[*name] = value.clone();
        }
        self.token = key.sign(&said);
    }

    /// As [`Provider::say`], with a key of its own.
    pub(crate) fn says(&mut self, nonce: &str, more: &[(&str, Value)]) {
        let key = Arc::clone(&self.own);
        self.say(&key, nonce, more);
    }
}

/// Starts one.
pub(crate) async fn listen() -> Shared {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let at = |path: &str| format!("{issuer}{path}");
    let discovery = json!({"issuer": issuer, "authorization_endpoint": at("/auth"),
        "token_endpoint": at("/token"), "jwks_uri": at("/keys"), "userinfo_endpoint": at("/user")});
    let own = Arc::new(Key::new("own"));
    let shared = Arc::new(Mutex::new(Provider {
        discovery,
        keys: vec![own.public()],
        own,
        token: String::new(),
        user: json!({"sub": "1", "email": "anna@example.com", "email_verified": true}),
        asked: vec![],
        issuer: issuer.clone(),
    }));
    let app = Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(async |State(it): State<Shared>| Json(it.lock().discovery.clone())),
        )
        .route("/keys", get(async |State(it): State<Shared>| Json(json!({"keys": it.lock().keys}))))
        .route("/user", get(async |State(it): State<Shared>| Json(it.lock().user.clone())))
        .route(
            "/token",
            post(async |State(it): State<Shared>, Form(form): Form<Vec<(String, String)>>| {
                let mut it = it.lock();
                it.asked = form;
                Json(json!({"id_token": it.token, "access_token": "a"}))
            }),
        )
        .with_state(Arc::clone(&shared));
    tokio::spawn(async move { axum::serve(listener, app).await });
    shared
}
