//! All instances of one agent type: who is awake, who sleeps with open connections.

use std::{any::Any, collections::HashMap, sync::Arc};

use axum::{body::Body, response::Response};
use futures::future::BoxFuture;
use http::Request;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::{
    Agent, AgentError, Agents, Connection, HandlerError, InstanceId, Result,
    extension::Extension,
    instance::{self, Command, Exit, Setup},
    rpc::MethodInfo,
    slot::{Attachment, Slot},
    socket::Receiver,
    storage::Gate,
};

/// The host of one agent type, whatever the type.
pub(crate) trait AnyHost: Send + Sync {
    /// A way for a socket to an instance, and the gate its messages go through.
    fn attach(
        self: Arc<Self>,
        agents: &Agents,
        id: InstanceId,
    ) -> (Box<dyn Receiver>, Option<Arc<Gate>>);
    fn request(
        self: Arc<Self>,
        agents: &Agents,
        id: InstanceId,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response>>;
    fn call(
        self: Arc<Self>,
        agents: &Agents,
        id: InstanceId,
        method: &str,
        args: Vec<Value>,
    ) -> BoxFuture<'static, Result<Value, AgentError>>;
    fn destroy(
        self: Arc<Self>,
        agents: &Agents,
        id: InstanceId,
    ) -> BoxFuture<'static, Result<(), AgentError>>;
    /// Has an instance look after its schedules; completes when it has none left that is due.
    fn alarm(
        self: Arc<Self>,
        agents: &Agents,
        id: InstanceId,
    ) -> BoxFuture<'static, Result<(), AgentError>>;
    /// Lets an instance fall asleep as soon as it can; completes when it does.
    #[cfg(feature = "testing")]
    fn doze(&self, id: &InstanceId) -> BoxFuture<'static, ()>;
    fn methods(&self) -> Vec<MethodInfo>;
    /// Keys of instances that are awake or have connections, and begin with `prefix`.
    fn keys(&self, prefix: &str) -> Vec<String>;
    fn all_connections(&self) -> Vec<Connection>;
    fn connections_of(&self, id: &InstanceId) -> Vec<Connection>;
    /// Tells all instances that are awake.
    fn end_all(&self, end: EndAll);
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// How instances are to end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EndAll {
    /// When nothing is in flight any more.
    Finish,
    /// At once, as if the process had died.
    Abort,
}

pub(crate) struct Host<A: Agent> {
    factory: Arc<dyn Fn() -> A + Send + Sync>,
    extension: Option<Arc<dyn Extension<A>>>,
    slots: Mutex<HashMap<Box<str>, Arc<Slot<A>>>>,
}

impl<A: Agent> Host<A> {
    pub(crate) fn new(
        factory: Arc<dyn Fn() -> A + Send + Sync>,
        extension: Option<Arc<dyn Extension<A>>>,
    ) -> Self {
        Self { factory, extension, slots: Mutex::default() }
    }

    /// The slot of an instance, made where there is none.
    pub(crate) fn slot(&self, agents: &Agents, id: InstanceId) -> Arc<Slot<A>> {
        let key = id.key();
        let mut slots = self.slots.lock();
        if let Some(slot) = slots.get(&*key) {
            return Arc::clone(slot);
        }
        let slot = Arc::new(Slot::new(Arc::new(id), agents.storage().gate()));
        slots.insert(key.into(), Arc::clone(&slot));
        slot
    }

    /// Hands a command to an instance, waking it first where it sleeps.
    pub(crate) fn send(
        self: &Arc<Self>,
        agents: &Agents,
        slot: &Arc<Slot<A>>,
        command: Command<A>,
    ) {
        let mut mailbox = slot.mailbox.lock();
        let command = match &*mailbox {
            Some(mailbox) => match mailbox.send(command) {
                Ok(()) => return,
                Err(returned) => returned.0,
            },
            None => command,
        };
        if agents.lifecycle().is_stopping() {
            // Whoever waits for an answer is told by its absence.
            return;
        }
        let (sender, commands) = mpsc::unbounded_channel();
        // The receiver lives in the task spawned below, so this cannot fail.
        let _ = sender.send(command);
        *mailbox = Some(sender);
        drop(mailbox);
        let setup = Setup {
            agents: agents.clone(),
            slot: Arc::clone(slot),
            factory: Arc::clone(&self.factory),
            extension: self.extension.clone(),
        };
        agents.lifecycle().spawn(run(Arc::clone(self), setup, commands));
    }

    /// Drops the slot of an instance that sleeps and has no connections.
    pub(crate) fn forget_if_unused(&self, slot: &Arc<Slot<A>>) {
        let mut slots = self.slots.lock();
        // Held by the map and by the caller alone; a new holder would have to lock the map.
        if Arc::strong_count(slot) == 2 && slot.is_unused() {
            slots.remove(&*slot.id.key());
            // A burst of instances need not cost its memory for ever.
            if slots.capacity() > 1024 && slots.len() < slots.capacity() / 8 {
                slots.shrink_to_fit();
            }
        }
    }

    fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        agents: &Agents,
        id: InstanceId,
        command: impl FnOnce(oneshot::Sender<T>) -> Command<A>,
    ) -> BoxFuture<'static, Result<T, AgentError>> {
        let (answer, answered) = oneshot::channel();
        self.send(agents, &self.slot(agents, id), command(answer));
        Box::pin(async move { answered.await.map_err(|_| AgentError::Gone) })
    }
}

/// Runs an instance, and new ones in its place, until its mailbox is empty.
async fn run<A: Agent>(
    host: Arc<Host<A>>,
    setup: Setup<A>,
    mut mailbox: mpsc::UnboundedReceiver<Command<A>>,
) {
    loop {
        match instance::run(&setup, &mut mailbox).await {
            Exit::Idle => break,
            Exit::Destroyed if setup.slot.fall_asleep(&mailbox) => break,
            Exit::Destroyed => {}
            Exit::Shutdown => return,
        }
    }
    let Setup { slot, .. } = setup;
    host.forget_if_unused(&slot);
}

impl<A: Agent> AnyHost for Host<A> {
    fn attach(
        self: Arc<Self>,
        agents: &Agents,
        id: InstanceId,
    ) -> (Box<dyn Receiver>, Option<Arc<Gate>>) {
        let slot = self.slot(agents, id);
        let gate = slot.gate.clone();
        (Box::new(Attachment::new(agents.clone(), self, slot)), gate)
    }

    fn request(
        self: Arc<Self>,
        agents: &Agents,
        id: InstanceId,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response>> {
        let request = Box::new(request);
        let answered = self.ask(agents, id, |answer| Command::Request { request, answer });
        Box::pin(async move { answered.await.map_err(HandlerError::from)? })
    }

    fn call(
        self: Arc<Self>,
        agents: &Agents,
        id: InstanceId,
        method: &str,
        args: Vec<Value>,
    ) -> BoxFuture<'static, Result<Value, AgentError>> {
        let method = method.to_owned();
        let answered = self.ask(agents, id, |answer| Command::Call { method, args, answer });
        Box::pin(async move { answered.await? })
    }

    fn destroy(
        self: Arc<Self>,
        agents: &Agents,
        id: InstanceId,
    ) -> BoxFuture<'static, Result<(), AgentError>> {
        let answered = self.ask(agents, id, |answer| Command::Destroy { answer });
        Box::pin(async move { answered.await? })
    }

    fn alarm(
        self: Arc<Self>,
        agents: &Agents,
        id: InstanceId,
    ) -> BoxFuture<'static, Result<(), AgentError>> {
        self.ask(agents, id, |done| Command::Alarm { done })
    }

    #[cfg(feature = "testing")]
    fn doze(&self, id: &InstanceId) -> BoxFuture<'static, ()> {
        let (asleep, slept) = oneshot::channel();
        if let Some(slot) = self.slots.lock().get(&*id.key())
            && let Some(mailbox) = &*slot.mailbox.lock()
        {
            let _ = mailbox.send(Command::Doze { asleep });
        }
        Box::pin(async move {
            let _ = slept.await;
        })
    }

    fn methods(&self) -> Vec<MethodInfo> {
        crate::rpc::methods::<A>()
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        let slots = self.slots.lock();
        slots.keys().filter(|key| key.starts_with(prefix)).map(|key| key.to_string()).collect()
    }

    fn connections_of(&self, id: &InstanceId) -> Vec<Connection> {
        let slot = self.slots.lock().get(&*id.key()).cloned();
        slot.map(|slot| slot.connections.all()).unwrap_or_default()
    }

    fn all_connections(&self) -> Vec<Connection> {
        self.slots.lock().values().flat_map(|slot| slot.connections.all()).collect()
    }

    fn end_all(&self, end: EndAll) {
        for slot in self.slots.lock().values() {
            if let Some(mailbox) = &*slot.mailbox.lock() {
                let _ = mailbox.send(Command::End(end));
            }
        }
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
