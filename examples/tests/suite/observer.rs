//! A client that waits for what it expects, and passes over everything else.

use std::time::Duration;

use domovoi_client::{AgentClient, AgentOptions, ClientEvent};
use domovoi_protocol::ServerFrame;
use futures::{StreamExt, channel::mpsc::UnboundedReceiver};
use serde_json::Value;

pub struct Observer {
    pub client: AgentClient,
    events: UnboundedReceiver<ClientEvent>,
}

impl Observer {
    pub fn connect(options: AgentOptions) -> Self {
        let client = AgentClient::new(options);
        let events = client.events();
        client.start();
        Self { client, events }
    }

    /// The first event that `pick` makes something of.
    pub async fn next<T>(&mut self, mut pick: impl FnMut(ClientEvent) -> Option<T>) -> T {
        let picked = async {
            loop {
                let event = self.events.next().await.unwrap();
                if let Some(picked) = pick(event) {
                    break picked;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), picked).await.unwrap()
    }

    pub async fn text(&mut self) -> String {
        self.next(|event| match event {
            ClientEvent::Text(text) => Some(text),
            _ => None,
        })
        .await
    }

    /// The next message of the application's own.
    pub async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The first state that is as it should be.
    pub async fn state(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        self.next(|event| match event {
            ClientEvent::Frame(ServerFrame::State(frame)) if is(&frame.state) => Some(frame.state),
            _ => None,
        })
        .await
    }

    /// Why the agent has refused a state.
    pub async fn state_error(&mut self) -> String {
        self.next(|event| match event {
            ClientEvent::Frame(ServerFrame::StateError(frame)) => Some(frame.error),
            _ => None,
        })
        .await
    }

    pub async fn closed(&mut self) -> (u16, String) {
        self.next(|event| match event {
            ClientEvent::Closed { code, reason, .. } => Some((code, reason)),
            _ => None,
        })
        .await
    }
}
