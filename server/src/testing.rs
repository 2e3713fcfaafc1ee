//! The whole server for one test, with a model that says what the test wants, on a socket of its own.

use std::{net::SocketAddr, sync::Arc};

use domovoi_agents::{Agents, gateway::SqliteGatewayStore};
use domovoi_models::{
    LanguageModel,
    gateway::{Gateway, Price, Route, Target},
    testing::{Script, ScriptedModel},
};
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::{Client, RequestBuilder, redirect::Policy};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{
    Domovoi,
    config::Config,
    gateway::DEFAULT_ROUTE,
    homes::{Homes, agents_config},
    people::{By, Name, Password, People, PersonId, Role, Scope, now},
    recipe::Recipe,
    web,
};

/// A server, and what stands behind it.
pub(crate) struct Bench {
    pub(crate) model: ScriptedModel,
    pub(crate) people: Arc<People>,
    pub(crate) homes: Arc<Homes>,
    pub(crate) origin: String,
    pub(crate) folder: TempDir,
    client: Client,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A model that says this.
pub(crate) fn says(text: &str) -> Script {
    Script::new().text(text).stop()
}

impl Bench {
    /// A server with these settings; a million tokens cost a million.
    pub(crate) async fn start(config: &str, scripts: impl IntoIterator<Item = Script>) -> Self {
        Self::with(Domovoi::new(), config, scripts).await
    }

    /// As [`Bench::start`], with agents and tools of one's own.
    pub(crate) async fn with(
        domovoi: Domovoi,
        config: &str,
        scripts: impl IntoIterator<Item = Script>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::parse(config).unwrap();
        config.data_dir = folder.path().to_owned();
        config.model.name = Some("scripted".to_owned());
        let model = ScriptedModel::new(scripts);
        let mut price = Price::default();
        (price.input, price.output) = (1e6, 1e6);
        let target = Target::new("scripted", Arc::new(model.clone())).price(price);
        let store = SqliteGatewayStore::open(&folder.path().join(SqliteGatewayStore::FILE));
        let gateway = Gateway::builder()
            .store(Arc::new(store.unwrap()))
            .limits(config.limits.clone())
            .route(DEFAULT_ROUTE, Route::new([target]).retries(0))
            .build();
        let routed: Arc<dyn LanguageModel> = Arc::new(gateway.model(DEFAULT_ROUTE).unwrap());
        let requests = web::HttpRequests::default();
        let people = Arc::new(People::open(folder.path()).unwrap());
        let recipe = Recipe {
            config: config.clone(),
            domovoi,
            gateway: gateway.clone(),
            model: Arc::clone(&routed),
            requests: requests.clone(),
            people: Arc::clone(&people),
        };
        let claimed = Agents::builder(agents_config(&config, config.data_dir.clone()));
        let homes = Arc::new(Homes::open(recipe, claimed.claim().unwrap()).unwrap());
        let entrance = web::Entrance::new(
            &config,
            Arc::clone(&people),
            Arc::clone(&homes),
            gateway.clone(),
            None,
        );
        let entrance = Arc::new(entrance.unwrap());
        let app = web::router(&config, Arc::clone(&entrance), gateway, &routed, &requests);
        tokio::spawn(web::watch(entrance));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { model, people, homes, origin, folder, client }
    }

    /// Adds somebody, and answers their id and a cookie of a session of theirs.
    pub(crate) fn add(&self, name: &str, role: Role) -> (PersonId, String) {
        let by = By::command_line();
        let password = Password::new(&format!("password of {name}"), name).unwrap();
        let person = self.people.add(&by, &Name::new(name).unwrap(), role, &password).unwrap();
        let token = self.people.sign_in(&by, &person.id, "a test", None, now()).unwrap();
        (person.id, format!("domovoi={}", token.as_str()))
    }

    /// A token, somebody's or nobody's.
    pub(crate) fn token(&self, name: &str, person: Option<&str>, scopes: &[Scope]) -> String {
        let person = person.map(|name| self.people.called(name).unwrap());
        let by = By::command_line();
        self.people.add_token(&by, name, person.as_ref(), scopes, None, now()).unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.origin))
    }

    /// What a browser shows, with a cookie where there is one.
    pub(crate) async fn page(&self, path: &str, cookie: &str) -> Answered {
        let request = self.request(Method::GET, path).header(header::ACCEPT, "text/html");
        send(request.header(header::COOKIE, cookie)).await
    }

    /// Sends a form of one of the server's pages.
    pub(crate) async fn form(&self, path: &str, cookie: &str, body: &str) -> Answered {
        let request = self.request(Method::POST, path).header(header::ORIGIN, &self.origin);
        let form = "application/x-www-form-urlencoded";
        let request = request.header(header::CONTENT_TYPE, form).header(header::COOKIE, cookie);
        send(request.body(body.to_owned())).await
    }

    /// Asks with whatever is in `body` beside a model and a message.
    pub(crate) fn asks(&self, token: &str, mut body: Value) -> RequestBuilder {
        let fields = body.as_object_mut().unwrap();
        fields.entry("model").or_insert("default".into());
        fields.entry("messages").or_insert(json!([{"role": "user", "content": "Hi"}]));
        let request = self.request(Method::POST, "/v1/chat/completions").bearer_auth(token);
        request.body(body.to_string())
    }

    pub(crate) async fn ask(&self, token: &str, body: Value) -> Answered {
        send(self.asks(token, body)).await
    }
}

/// Sends a request, and waits for all of the answer.
pub(crate) async fn send(request: RequestBuilder) -> Answered {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answered { status, headers, text: response.text().await.unwrap() }
}
