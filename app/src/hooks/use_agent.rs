//! One agent instance: its state as a signal.

use domovoi_client::{AgentClient, AgentOptions, ClientError, ClientEvent, ConnectionStatus};
use domovoi_protocol::ServerFrame;
use leptos::{prelude::*, task::spawn_local};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{language::t, reactive::effect};

/// A connection to an agent instance and its state. It lives as long as the component that
/// called [`use_agent`].
pub struct Agent<S: Send + Sync + 'static> {
    /// The agent's state, as it was last heard.
    pub state: ReadSignal<S>,
    /// How the connection stands.
    pub connection: ReadSignal<ConnectionStatus>,
    set_state: WriteSignal<S>,
    client: StoredValue<Option<AgentClient>>,
}

impl<S: Send + Sync + 'static> Clone for Agent<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Send + Sync + 'static> Copy for Agent<S> {}

/// Connects to the instance `name` of `agent`. Until the agent has sent its state, it is
/// `initial`. On the server nothing is opened.
pub fn use_agent<S>(agent: &str, name: &str, initial: S) -> Agent<S>
where
    S: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static,
{
    use_agent_with(agent, name, initial, |_| {})
}

/// Like [`use_agent`], and calls `on_event` with everything that happens on the connection,
/// after the state has been updated.
pub fn use_agent_with<S>(
    agent: &str,
    name: &str,
    initial: S,
    on_event: impl Fn(&ClientEvent) + Send + Sync + 'static,
) -> Agent<S>
where
    S: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static,
{
    let (state, set_state) = signal(initial);
    let connection = RwSignal::new(ConnectionStatus::Connecting);
    let client = StoredValue::new(None);
    use_client(client, connection, agent, name, move |event| {
        if let ClientEvent::Frame(ServerFrame::State(frame)) = event
            && let Ok(new) = serde_json::from_value::<S>(frame.state.clone())
            && state.try_with_untracked(|old| *old != new) == Some(true)
        {
            set_state.try_set(new);
        }
        on_event(event);
    });
    Agent { state, connection: connection.read_only(), set_state, client }
}

impl<S> Agent<S>
where
    S: Serialize + Clone + Send + Sync + 'static,
{
    /// Replaces the agent's state; shown at once, and sent when there is a connection.
    pub fn set_state(&self, state: S) {
        self.client.with_value(|client| {
            if let Some(client) = client {
                // A client that is closed for good says so in `connection`.
                let _ = client.set_state(&state);
            }
        });
        self.set_state.set(state);
    }

    /// Calls a method of the agent; `then` gets the result.
    pub fn call<T: DeserializeOwned + 'static>(
        &self,
        method: &'static str,
        args: impl Serialize + 'static,
        then: impl FnOnce(Result<T, ClientError>) + 'static,
    ) {
        let Some(client) = self.client.get_value() else { return };
        spawn_local(async move { then(client.call(method, args).await) });
    }
}

impl Agent<Value> {
    /// As [`Agent::call`], for pages that decode what they need: this is compiled once.
    pub fn ask(
        &self,
        method: &'static str,
        args: Vec<Value>,
        then: Box<dyn FnOnce(Result<Value, ClientError>)>,
    ) {
        self.call(method, args, then);
    }

    /// As [`Agent::ask`], where the method answers nothing; `problem` is what it had against it.
    pub fn tell(&self, method: &'static str, args: Vec<Value>, problem: RwSignal<Option<String>>) {
        let then = move |done: Result<Value, ClientError>| {
            problem.try_set(done.err().map(problem_of));
        };
        self.ask(method, args, Box::new(then));
    }
}

/// What a person is told of a call that did not go through: what the agent has against it, or that there
/// is no way to it.
#[must_use]
pub fn problem_of(error: ClientError) -> String {
    match error {
        ClientError::Remote(text) => text,
        _ => t().domovoi_cannot_be_reached().to_owned(),
    }
}

/// Puts a client into `client` that connects once the page is in the browser, and closes it when
/// the component goes. `connection` is the status after an event, before `on_event` is called.
pub(super) fn use_client(
    client: StoredValue<Option<AgentClient>>,
    connection: RwSignal<ConnectionStatus>,
    agent: &str,
    name: &str,
    on_event: impl Fn(&ClientEvent) + Send + Sync + 'static,
) {
    let address = (agent.to_owned(), name.to_owned());
    let on_event = std::sync::Arc::new(on_event);
    effect(move || {
        let new = AgentClient::new(AgentOptions::new(&address.0, address.1.as_str()));
        let weak = new.downgrade();
        let on_event = std::sync::Arc::clone(&on_event);
        new.on_event(move |event| {
            let status = weak.upgrade().map(|client| client.status());
            let status = status.unwrap_or(ConnectionStatus::Closed);
            // A set signal wakes whoever reads it, also where nothing changed, and frames come by hundreds.
            if connection.try_get_untracked().is_some_and(|known| known != status) {
                connection.set(status);
            }
            on_event(event);
        })
        .forget();
        client.set_value(Some(new.clone()));
        new.start();
    });
    on_cleanup(move || {
        if let Some(Some(client)) = client.try_update_value(Option::take) {
            client.close();
        }
    });
}
