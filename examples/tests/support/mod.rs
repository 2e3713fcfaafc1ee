//! Examples as processes.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use axum::{Router, routing::MethodRouter};
use domovoi_client::{
    AgentClient, AgentOptions, ClientEvent,
    chat::{ChatSession, ChatStatus, Effect},
};
use domovoi_protocol::UiMessage;

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
        let client = self.connect("assistant", "a");
        let mut events = client.events();
        client.start();
        let mut session = ChatSession::default();
        let perform = |effects: Vec<Effect>| {
            for effect in effects {
                if let Effect::Send(frame) = effect {
                    client.send_frame(&frame).unwrap();
                }
            }
        };
        perform(session.submit(question));
        loop {
            match events.recv().await.unwrap() {
                ClientEvent::Open => perform(session.opened()),
                ClientEvent::Frame(frame) => {
                    perform(session.handle(&frame));
                    if session.status() == ChatStatus::Ready
                        && let Some(answer) = session.message(1)
                    {
                        return answer.clone();
                    }
                }
                _ => {}
            }
        }
    }

    pub fn connect(&self, agent: &str, name: &str) -> AgentClient {
        AgentClient::new(self.options(agent, name))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
