//! The agents of a process: addresses, handles, shutting down.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::{Arc, Once, Weak},
    time::Duration,
};

use domovoi_protocol::address::{is_valid_instance_name, kebab_case};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Agent, AgentError, AgentHandle, AgentsBuilder, AgentsConfig, InstanceId, Ownership, alarm,
    clock::Clock,
    figures::TurnCounts,
    hooks::Hooks,
    host::{AnyHost, EndAll, Host},
    inspect::Activity,
    keep_alive,
    lifecycle::Lifecycle,
    rpc::MethodInfo,
    storage::Storage,
};

/// The agents of a process. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Agents {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: AgentsConfig,
    pub(crate) registrations: Vec<Registration>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) services: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    pub(crate) hooks: Hooks,
    pub(crate) ownership: Arc<dyn Ownership>,
    pub(crate) storage: Arc<Storage>,
    pub(crate) clock: Clock,
    pub(crate) turns: TurnCounts,
    pub(crate) activity: Activity,
    /// What runs beside the instances has been started.
    pub(crate) started: Once,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

/// Agents that may be gone.
#[derive(Clone)]
pub(crate) struct WeakAgents(Weak<Inner>);

impl From<&Agents> for WeakAgents {
    fn from(agents: &Agents) -> Self {
        Self(Arc::downgrade(&agents.inner))
    }
}

impl WeakAgents {
    pub(crate) fn upgrade(&self) -> Option<Agents> {
        self.0.upgrade().map(|inner| Agents { inner })
    }
}

/// One agent type.
pub(crate) struct Registration {
    /// Its name in addresses.
    pub(crate) name: Arc<str>,
    pub(crate) type_id: TypeId,
    pub(crate) host: Arc<dyn AnyHost>,
    /// Whether its instances have addresses of their own.
    pub(crate) top_level: bool,
    /// Agent types whose instances may have it as a sub-agent.
    pub(crate) parents: Vec<String>,
}

impl Agents {
    /// Starts to collect agents.
    #[must_use]
    pub fn builder(config: AgentsConfig) -> AgentsBuilder {
        AgentsBuilder::new(config)
    }

    pub(crate) fn new(inner: Inner) -> Self {
        let agents = Self { inner: Arc::new(inner) };
        agents.start();
        agents
    }

    /// Starts what runs beside the instances, once, and where there is a runtime for it.
    pub(crate) fn start(&self) {
        if let (Clock::System, Ok(runtime)) =
            (&self.inner.clock, tokio::runtime::Handle::try_current())
        {
            self.inner.started.call_once(|| {
                let (weak, stop) = (WeakAgents::from(self), self.lifecycle());
                let index = Arc::clone(self.storage().index());
                runtime.spawn(stop.until_stopped(alarm::run(weak.clone(), index)));
                runtime.spawn(stop.until_stopped(keep_alive::run(weak)));
            });
        }
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &AgentsConfig {
        &self.inner.config
    }

    /// What was added with [`AgentsBuilder::service`].
    #[must_use]
    pub fn service<S: Send + Sync + 'static>(&self) -> Option<Arc<S>> {
        Arc::clone(self.inner.services.get(&TypeId::of::<S>())?).downcast().ok()
    }

    /// A typed handle to the instance of `A` with this name; it need not exist yet.
    ///
    /// # Errors
    /// [`AgentError::UnknownAgent`] where `A` is not registered, [`AgentError::InvalidName`].
    pub fn get<A: Agent>(&self, name: &str) -> Result<AgentHandle<A>, AgentError> {
        let agent = self.registration_of::<A>()?;
        if !agent.top_level {
            return Err(AgentError::UnknownAgent(agent.name.to_string()));
        }
        self.handle(InstanceId::new(&agent.name, valid(name)?))
    }

    /// A typed handle to the instance with this address, a sub-agent for instance.
    ///
    /// # Errors
    /// [`AgentError::UnknownAgent`] where it is no instance of `A`.
    pub fn at<A: Agent>(&self, id: &InstanceId) -> Result<AgentHandle<A>, AgentError> {
        if self.name_of::<A>()? != id.agent() {
            return Err(AgentError::UnknownAgent(id.agent().to_owned()));
        }
        self.handle(id.clone())
    }

    pub(crate) fn get_sub<A: Agent>(
        &self,
        parent: &Arc<InstanceId>,
        name: &str,
    ) -> Result<AgentHandle<A>, AgentError> {
        let agent = self.registration_of::<A>()?;
        if !agent.parents.iter().any(|allowed| allowed == parent.agent()) {
            return Err(AgentError::UnknownAgent(agent.name.to_string()));
        }
        self.handle(InstanceId::sub(Arc::clone(parent), &agent.name, valid(name)?))
    }

    fn handle<A: Agent>(&self, id: InstanceId) -> Result<AgentHandle<A>, AgentError> {
        let host = Arc::clone(&self.registration_of::<A>()?.host).as_any();
        let host = host.downcast::<Host<A>>();
        let host = host.map_err(|_| AgentError::UnknownAgent(id.agent().to_owned()))?;
        Ok(AgentHandle::new(self.clone(), host, id))
    }

    /// Calls a callable method of any agent by name.
    ///
    /// # Errors
    /// [`AgentError::UnknownAgent`], [`AgentError::InvalidName`], [`AgentError::Json`] where
    /// arguments or result do not convert, [`AgentError::Handler`] with the method's own error.
    pub async fn call<T: DeserializeOwned>(
        &self,
        agent: &str,
        name: &str,
        method: &str,
        args: impl Serialize,
    ) -> Result<T, AgentError> {
        let args = match serde_json::to_value(args)? {
            Value::Array(args) => args,
            Value::Null => Vec::new(),
            single => vec![single],
        };
        let id = self.resolve(agent, name, &[])?;
        let answer = self.host(&id)?.call(self, id, method, args).await?;
        Ok(serde_json::from_value(answer)?)
    }

    /// The methods clients may call on an agent, with the schemas of their arguments.
    ///
    /// # Errors
    /// [`AgentError::UnknownAgent`].
    pub fn methods(&self, agent: &str) -> Result<Vec<MethodInfo>, AgentError> {
        Ok(self.registration(agent)?.host.methods())
    }

    /// Names of instances that have ever written anything, in order, from the one after `after`,
    /// at most `limit`. Sub-agents are listed by [`Context::sub_agents`](crate::Context::sub_agents).
    ///
    /// # Errors
    /// [`AgentError::UnknownAgent`], [`AgentError::Database`].
    pub fn list(
        &self,
        agent: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, AgentError> {
        let agent = self.registration(agent)?;
        self.storage().index().names(&agent.name, "", after, limit)
    }

    /// As [`Agents::list`], those alone that have something scheduled.
    ///
    /// # Errors
    /// As [`Agents::list`].
    pub fn list_scheduled(
        &self,
        agent: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, AgentError> {
        let agent = self.registration(agent)?;
        self.storage().index().scheduled(&agent.name, after, limit)
    }

    /// Removes an instance: its connections are closed, its data, its schedules and its sub-agents
    /// deleted.
    ///
    /// # Errors
    /// [`AgentError::UnknownAgent`], [`AgentError::InvalidName`], or [`AgentError::DataDir`] where
    /// the file cannot be deleted.
    pub async fn destroy(&self, agent: &str, name: &str) -> Result<(), AgentError> {
        let id = self.resolve(agent, name, &[])?;
        self.host(&id)?.destroy(self, id).await
    }

    /// Removes the sub-agents of an instance, those that sleep and those that are awake.
    pub(crate) async fn destroy_children(&self, parent: &InstanceId) -> Result<(), AgentError> {
        const PAGE: usize = 500;
        let prefix = parent.children_prefix();
        let children = self.inner.registrations.iter();
        for child in children.filter(|it| it.parents.iter().any(|name| name == parent.agent())) {
            let mut keys = child.host.keys(&prefix);
            let mut after: Option<String> = None;
            loop {
                let index = self.storage().index();
                let names = index.names(&child.name, &prefix, after.as_deref(), PAGE)?;
                let Some(last) = names.last().cloned() else { break };
                keys.extend(names.iter().map(|name| format!("{prefix}{name}")));
                after = Some(last);
            }
            keys.sort();
            keys.dedup();
            for key in keys {
                let id = InstanceId::from_key(&child.name, &key);
                // Those further down go away with their own parents.
                if id.parent() == Some(parent) {
                    Arc::clone(&child.host).destroy(self, id).await?;
                }
            }
        }
        Ok(())
    }

    /// Completes when a shutdown begins. A task that goes on for ever ends then, so that nobody
    /// waits for it.
    pub async fn stopping(&self) {
        self.inner.lifecycle.stopping().await;
    }

    /// Whether a shutdown has begun: no instance is woken any more.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.inner.lifecycle.is_stopping()
    }

    /// Shuts down: connections are told to come back later, what is in flight may finish for
    /// `grace` and is then cut off; the journal has it. The data folder is free afterwards.
    pub async fn shutdown(&self, grace: Duration) {
        const GOING_AWAY: u16 = 1001;
        self.inner.lifecycle.stop();
        self.end_all(EndAll::Finish);
        if !self.inner.lifecycle.ended_within(grace).await {
            self.end_all(EndAll::Abort);
            self.inner.lifecycle.ended().await;
        }
        for agent in &self.inner.registrations {
            for connection in agent.host.all_connections() {
                connection.close(GOING_AWAY, "the server is shutting down");
            }
        }
        self.inner.lifecycle.sockets_closed().await;
        self.storage().settled().await;
        self.inner.ownership.release();
    }

    /// Ends everything as if the process had died, but for the connections, which are closed.
    #[cfg(feature = "testing")]
    pub(crate) async fn crash(&self) {
        self.inner.lifecycle.stop();
        self.end_all(EndAll::Abort);
        self.inner.lifecycle.ended().await;
        for agent in &self.inner.registrations {
            for connection in agent.host.all_connections() {
                connection.outbox().overflow();
            }
        }
        self.storage().settled().await;
        self.inner.ownership.release();
    }

    /// Closes the open connections that `which` picks, ahead of what waits to be sent to them; says
    /// how many. Nothing that such a client sends afterwards is heard. Clients connect again unless
    /// the code is 1008 or 4000 to 4999.
    pub fn close_connections(
        &self,
        code: u16,
        reason: &str,
        which: impl Fn(&crate::Connection) -> bool,
    ) -> usize {
        let open = self.connections().filter(|connection| connection.is_open());
        let picked = open.filter(|connection| which(connection));
        picked.map(|connection| connection.close_now(code, reason)).count()
    }

    fn end_all(&self, end: EndAll) {
        self.inner.registrations.iter().for_each(|agent| agent.host.end_all(end));
    }

    /// Has the instance with this key look after its schedules.
    pub(crate) fn alarm(
        &self,
        agent: &str,
        key: &str,
    ) -> Option<futures::future::BoxFuture<'static, Result<(), AgentError>>> {
        let agent = self.registration(agent).ok()?;
        let id = InstanceId::from_key(&agent.name, key);
        Some(Arc::clone(&agent.host).alarm(self, id))
    }

    pub(crate) fn lifecycle(&self) -> &Lifecycle {
        &self.inner.lifecycle
    }

    pub(crate) fn storage(&self) -> &Arc<Storage> {
        &self.inner.storage
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    pub(crate) fn turn_counts(&self) -> &TurnCounts {
        &self.inner.turns
    }

    pub(crate) fn activity(&self) -> &Activity {
        &self.inner.activity
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.inner.hooks
    }

    pub(crate) fn ownership(&self) -> &dyn Ownership {
        &*self.inner.ownership
    }

    /// Names of the agent types whose instances have addresses of their own.
    pub(crate) fn top_level_types(&self) -> impl Iterator<Item = &str> {
        self.inner.registrations.iter().filter(|it| it.top_level).map(|it| &*it.name)
    }

    /// Every open connection of every agent.
    pub(crate) fn connections(&self) -> impl Iterator<Item = crate::Connection> {
        self.inner.registrations.iter().flat_map(|agent| agent.host.all_connections())
    }

    /// The instance with this address; `below` are agent and name of sub-agents, outermost first.
    pub(crate) fn resolve(
        &self,
        agent: &str,
        name: &str,
        below: &[(&str, &str)],
    ) -> Result<InstanceId, AgentError> {
        let top = self.registration(agent)?;
        if !top.top_level {
            return Err(AgentError::UnknownAgent(agent.to_owned()));
        }
        let mut id = InstanceId::new(&top.name, valid(name)?);
        for (agent, name) in below {
            let child = self.registration(agent)?;
            if !child.parents.iter().any(|parent| parent == id.agent()) {
                return Err(AgentError::UnknownAgent((*agent).to_owned()));
            }
            id = InstanceId::sub(Arc::new(id), &child.name, valid(name)?);
        }
        Ok(id)
    }

    pub(crate) fn host(&self, id: &InstanceId) -> Result<Arc<dyn AnyHost>, AgentError> {
        Ok(Arc::clone(&self.registration(id.agent())?.host))
    }

    pub(crate) fn name_of<A: Agent>(&self) -> Result<&str, AgentError> {
        Ok(&self.registration_of::<A>()?.name)
    }

    fn registration(&self, agent: &str) -> Result<&Registration, AgentError> {
        let found = self.inner.registrations.iter().find(|it| &*it.name == agent);
        found.ok_or_else(|| AgentError::UnknownAgent(agent.to_owned()))
    }

    fn registration_of<A: Agent>(&self) -> Result<&Registration, AgentError> {
        let found = self.inner.registrations.iter().find(|it| it.type_id == TypeId::of::<A>());
        found.ok_or_else(|| AgentError::UnknownAgent(kebab_case(A::NAME)))
    }
}

fn valid(name: &str) -> Result<&str, AgentError> {
    if is_valid_instance_name(name) { Ok(name) } else { Err(AgentError::InvalidName) }
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.inner.registrations.iter().map(|it| &*it.name).collect();
        f.debug_struct("Agents").field("agents", &names).finish_non_exhaustive()
    }
}
