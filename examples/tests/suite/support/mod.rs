//! Examples as processes.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use axum::{Router, routing::MethodRouter};
use domovoi_client::{
    AgentClient, AgentOptions, ClientEvent,
    chat::{ChatSession, ChatStatus, Effect},
    fetch_messages,
};
use domovoi_protocol::UiMessage;
use futures::{StreamExt, channel::mpsc::UnboundedReceiver};

/// Serves chat completions, as an OpenAI-compatible endpoint does; answers its address.
pub async fn endpoint(complete: MethodRouter) -> String {
    let app = Router::new().route("/v1/chat/completions", complete);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// A running example; killed at the end of its test.
pub struct Example {
    child: Child,
    address: String,
}

impl Example {
    pub fn start(program: &str, arguments: &[&str], endpoint: &str) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .env("OPENAI_BASE_URL", endpoint)
            .env("DOMOVOI_MODEL", "scripted")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().unwrap().starts_with("listening on ")).unwrap();
        let address = line.unwrap().trim_start_matches("listening on http").to_owned();
        Self { child, address }
    }

    /// One that is the whole server, with a model endpoint.
    pub fn serve(program: &str, folder: &Path, endpoint: &str) -> Self {
        let folder = folder.to_str().unwrap();
        Self::start(program, &["serve", "--listen", "127.0.0.1:0", "--data-dir", folder], endpoint)
    }

    /// Where it is, as in `http://127.0.0.1:8787`.
    #[allow(dead_code, reason = "not every test asks")]
    pub fn url(&self, path: &str) -> String {
        format!("http{}{path}", self.address)
    }

    pub fn options(&self, agent: &str, name: &str) -> AgentOptions {
        AgentOptions::new(agent, name)
            .base(format!("ws{}", self.address))
            .call_timeout(Some(Duration::from_secs(20)))
    }

    /// Begins a conversation with the assistant; its answer.
    pub async fn ask(&self, question: &str) -> UiMessage {
        let mut talk = self.talk("assistant", "a");
        talk.act(|session| session.submit(question)).await;
        let answered =
            |it: &ChatSession| it.status() == ChatStatus::Ready && it.messages().len() == 2;
        talk.until(answered).await;
        talk.session.message(1).unwrap().clone()
    }

    /// Joins a conversation.
    pub fn talk(&self, agent: &str, name: &str) -> Talk {
        let options = self.options(agent, name);
        let client = AgentClient::new(options.clone());
        let events = client.events();
        client.start();
        Talk { options, client, events, session: ChatSession::default() }
    }

    pub fn connect(&self, agent: &str, name: &str) -> AgentClient {
        AgentClient::new(self.options(agent, name))
    }
}

/// A client in a conversation.
pub struct Talk {
    options: AgentOptions,
    client: AgentClient,
    events: UnboundedReceiver<ClientEvent>,
    pub session: ChatSession,
}

impl Talk {
    /// Does something with the session, and what it wants done then.
    pub async fn act(&mut self, act: impl FnOnce(&mut ChatSession) -> Vec<Effect>) {
        let mut effects = VecDeque::from(act(&mut self.session));
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Send(frame) => self.client.send_frame(&frame).unwrap(),
                Effect::RefetchHistory { ticket } => {
                    let history = fetch_messages(&self.options).await.unwrap();
                    effects.extend(self.session.fetched(ticket, history));
                }
                _ => {}
            }
        }
    }

    /// Waits until the session is so.
    pub async fn until(&mut self, is_so: impl Fn(&ChatSession) -> bool) {
        let wait = async {
            while !is_so(&self.session) {
                match self.events.next().await.unwrap() {
                    ClientEvent::Open => self.act(ChatSession::opened).await,
                    ClientEvent::Frame(frame) => self.act(|session| session.handle(&frame)).await,
                    _ => {}
                }
            }
        };
        let done = tokio::time::timeout(Duration::from_secs(60), wait).await;
        assert!(done.is_ok(), "{:#?}", self.session);
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
