//! All instances of one agent type: who is awake, who sleeps with open connections.

use std::{
    any::Any,
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use axum::{body::Body, extract::ws::Message, response::Response};
use futures::future::BoxFuture;
use http::Request;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::{
    Agent, AgentError, Agents, Connection, HandlerError, Result,
    connection::ConnectionSet,
    extension::Extension,
    instance::{self, Command, Exit, Setup},
};

/// The host of one agent type, whatever the type.
pub(crate) trait AnyHost: Send + Sync {
    fn connect(
        &self,
        agents: &Agents,
        name: &str,
        connection: Connection,
    ) -> Result<(), AgentError>;
    fn message(
        &self,
        agents: &Agents,
        name: &str,
        connection: &Connection,
        message: Message,
        permit: OwnedSemaphorePermit,
    );
    fn closed(
        &self,
        agents: &Agents,
        name: &str,
        connection: &Connection,
        code: u16,
        reason: String,
        clean: bool,
    );
    fn request(
        &self,
        agents: &Agents,
        name: &str,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response>>;
    fn call(
        &self,
        agents: &Agents,
        name: &str,
        method: &str,
        args: Vec<Value>,
    ) -> BoxFuture<'static, Result<Value, AgentError>>;
    fn destroy(&self, agents: &Agents, name: &str) -> BoxFuture<'static, Result<(), AgentError>>;
    fn all_connections(&self) -> Vec<Connection>;
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

pub(crate) struct Host<A: Agent> {
    agent: Arc<str>,
    factory: Arc<dyn Fn() -> A + Send + Sync>,
    extension: Option<Arc<dyn Extension<A>>>,
    slots: Arc<Mutex<HashMap<Arc<str>, Slot<A>>>>,
}

/// What is kept of an instance that is awake or has connections.
struct Slot<A: Agent> {
    mailbox: Option<mpsc::UnboundedSender<Command<A>>>,
    connections: Arc<ConnectionSet>,
}

impl<A: Agent> Host<A> {
    pub(crate) fn new(
        agent: &str,
        factory: Arc<dyn Fn() -> A + Send + Sync>,
        extension: Option<Arc<dyn Extension<A>>>,
    ) -> Self {
        Self { agent: agent.into(), factory, extension, slots: Arc::default() }
    }

    /// Hands a command to an instance, waking it first where it sleeps. Sending happens with the
    /// slots locked, so that an instance never goes to sleep with a command in its mailbox.
    pub(crate) fn send(&self, agents: &Agents, name: &str, command: Command<A>) {
        let mut slots = self.slots.lock();
        let slot = match slots.entry(name.into()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                entry.insert(Slot { mailbox: None, connections: Arc::default() })
            }
        };
        let command = match &slot.mailbox {
            Some(mailbox) => match mailbox.send(command) {
                Ok(()) => return,
                Err(returned) => returned.0,
            },
            None => command,
        };
        let (mailbox, commands) = mpsc::unbounded_channel();
        // The receiver lives in the task spawned below, so this cannot fail.
        let _ = mailbox.send(command);
        slot.mailbox = Some(mailbox);
        let setup = Setup {
            agents: agents.clone(),
            agent: Arc::clone(&self.agent),
            name: name.into(),
            factory: Arc::clone(&self.factory),
            extension: self.extension.clone(),
            connections: Arc::clone(&slot.connections),
        };
        agents.lifecycle().spawn(run(setup, commands, Arc::clone(&self.slots)));
    }

    fn ask<T: Send + 'static>(
        &self,
        agents: &Agents,
        name: &str,
        command: impl FnOnce(oneshot::Sender<T>) -> Command<A>,
    ) -> BoxFuture<'static, Result<T, AgentError>> {
        let (answer, answered) = oneshot::channel();
        self.send(agents, name, command(answer));
        Box::pin(async move { answered.await.map_err(|_| AgentError::Gone) })
    }

    fn connections(&self, name: &str) -> Arc<ConnectionSet> {
        let mut slots = self.slots.lock();
        let slot = slots
            .entry(name.into())
            .or_insert_with(|| Slot { mailbox: None, connections: Arc::default() });
        Arc::clone(&slot.connections)
    }
}

/// Runs an instance, and new ones in its place, until its mailbox is empty.
async fn run<A: Agent>(
    setup: Setup<A>,
    mut mailbox: mpsc::UnboundedReceiver<Command<A>>,
    slots: Arc<Mutex<HashMap<Arc<str>, Slot<A>>>>,
) {
    let fall_asleep = |mailbox: &mpsc::UnboundedReceiver<Command<A>>| {
        let mut slots = slots.lock();
        if !mailbox.is_empty() {
            return false;
        }
        if setup.connections.len() == 0 {
            slots.remove(&setup.name);
        } else if let Some(slot) = slots.get_mut(&setup.name) {
            slot.mailbox = None;
        }
        true
    };
    loop {
        match instance::run(&setup, &mut mailbox, fall_asleep).await {
            Exit::Idle | Exit::Shutdown => return,
            Exit::Destroyed if fall_asleep(&mailbox) => return,
            Exit::Destroyed => {}
        }
    }
}

impl<A: Agent> AnyHost for Host<A> {
    fn connect(
        &self,
        agents: &Agents,
        name: &str,
        connection: Connection,
    ) -> Result<(), AgentError> {
        self.connections(name).insert(connection.clone(), agents.config().max_connections)?;
        self.send(agents, name, Command::Connect(connection));
        Ok(())
    }

    fn message(
        &self,
        agents: &Agents,
        name: &str,
        connection: &Connection,
        message: Message,
        permit: OwnedSemaphorePermit,
    ) {
        let connection = connection.clone();
        self.send(agents, name, Command::Message { connection, message, permit });
    }

    fn closed(
        &self,
        agents: &Agents,
        name: &str,
        connection: &Connection,
        code: u16,
        reason: String,
        clean: bool,
    ) {
        connection.mark_closed();
        self.connections(name).remove(connection);
        let connection = connection.clone();
        self.send(agents, name, Command::Closed { connection, code, reason, clean });
    }

    fn request(
        &self,
        agents: &Agents,
        name: &str,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response>> {
        let answered = self.ask(agents, name, |answer| Command::Request { request, answer });
        Box::pin(async move { answered.await.map_err(HandlerError::from)? })
    }

    fn call(
        &self,
        agents: &Agents,
        name: &str,
        method: &str,
        args: Vec<Value>,
    ) -> BoxFuture<'static, Result<Value, AgentError>> {
        let method = method.to_owned();
        let answered = self.ask(agents, name, |answer| Command::Call { method, args, answer });
        Box::pin(async move { answered.await? })
    }

    fn destroy(&self, agents: &Agents, name: &str) -> BoxFuture<'static, Result<(), AgentError>> {
        let answered = self.ask(agents, name, |answer| Command::Destroy { answer });
        Box::pin(async move { answered.await? })
    }

    fn all_connections(&self) -> Vec<Connection> {
        self.slots.lock().values().flat_map(|slot| slot.connections.all()).collect()
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
