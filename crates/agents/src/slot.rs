//! The place of one instance: its mailbox while it is awake, its connections always.

use std::sync::Arc;

use axum::extract::ws::Message;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::{
    Agent, AgentError, Agents, Connection, InstanceId,
    connection::ConnectionSet,
    host::Host,
    instance::Command,
    socket::{End, Receiver},
    storage::Gate,
};

/// What is kept of an instance that is awake or has connections.
pub(crate) struct Slot<A: Agent> {
    pub(crate) id: Arc<InstanceId>,
    pub(crate) connections: ConnectionSet,
    pub(crate) gate: Option<Arc<Gate>>,
    /// Where commands go while the instance is awake. Commands are sent with this locked, and it is
    /// emptied with this locked and no command left, so none is lost.
    pub(crate) mailbox: Mutex<Option<mpsc::UnboundedSender<Command<A>>>>,
}

impl<A: Agent> Slot<A> {
    pub(crate) fn new(id: Arc<InstanceId>, gate: Option<Arc<Gate>>) -> Self {
        Self { id, connections: ConnectionSet::default(), gate, mailbox: Mutex::new(None) }
    }

    /// Marks the instance as asleep, unless a command has come meanwhile.
    pub(crate) fn fall_asleep(&self, commands: &mpsc::UnboundedReceiver<Command<A>>) -> bool {
        let mut mailbox = self.mailbox.lock();
        let asleep = commands.is_empty();
        if asleep {
            *mailbox = None;
        }
        asleep
    }

    /// Whether nothing is left that a new slot would not have.
    pub(crate) fn is_unused(&self) -> bool {
        self.connections.is_empty() && self.mailbox.lock().is_none()
    }
}

/// A socket's way to its instance.
pub(crate) struct Attachment<A: Agent> {
    agents: Agents,
    host: Arc<Host<A>>,
    slot: Arc<Slot<A>>,
}

impl<A: Agent> Attachment<A> {
    pub(crate) fn new(agents: Agents, host: Arc<Host<A>>, slot: Arc<Slot<A>>) -> Self {
        Self { agents, host, slot }
    }

    fn send(&self, command: Command<A>) {
        self.host.send(&self.agents, &self.slot, command);
    }
}

impl<A: Agent> Receiver for Attachment<A> {
    fn connected(&self, connection: &Connection) -> Result<(), AgentError> {
        let limit = self.agents.config().max_connections;
        self.slot.connections.insert(connection.clone(), limit)?;
        self.send(Command::Connect(connection.clone()));
        Ok(())
    }

    fn message(&self, connection: &Connection, message: Message) {
        self.send(Command::Message { message, in_flight: connection.in_flight() });
    }

    fn closed(&self, connection: &Connection, end: End) {
        // Where the instance was destroyed, nobody has to be told.
        if self.slot.connections.remove(connection) {
            self.send(Command::Closed { connection: connection.clone(), end });
        }
    }
}

impl<A: Agent> Drop for Attachment<A> {
    fn drop(&mut self) {
        self.host.forget_if_unused(&self.slot);
    }
}
