//! The agents of a process: registration, addresses, handles.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt, fs,
    fs::{File, TryLockError},
    sync::Arc,
    time::Duration,
};

use crate::{
    Agent, AgentError, AgentHandle, AgentsConfig, AiChatAgent, Result,
    chat::ChatExtension,
    extension::Extension,
    host::{AnyHost, Host},
    lifecycle::Lifecycle,
};
use domovoi_protocol::address::{is_valid_instance_name, kebab_case};
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The agents of a process. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Agents {
    inner: Arc<Inner>,
}

struct Inner {
    config: AgentsConfig,
    hosts: HashMap<String, Arc<dyn AnyHost>>,
    names: HashMap<TypeId, String>,
    lifecycle: Lifecycle,
    services: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    /// Held for as long as this process owns the data folder.
    lock: Mutex<Option<File>>,
}

/// Collects agents; [`AgentsBuilder::build`] makes [`Agents`] of them.
pub struct AgentsBuilder {
    config: AgentsConfig,
    hosts: Vec<(String, TypeId, Arc<dyn AnyHost>)>,
    services: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    lock: Option<File>,
}

impl fmt::Debug for AgentsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.hosts.iter().map(|(name, ..)| name.as_str()).collect();
        f.debug_struct("AgentsBuilder").field("agents", &names).finish_non_exhaustive()
    }
}

impl AgentsBuilder {
    /// Adds an agent type.
    #[must_use]
    pub fn agent<A: Agent + Default>(self) -> Self {
        self.agent_with(A::default)
    }

    /// Adds an agent type whose values `factory` makes, one each time an instance wakes.
    #[must_use]
    pub fn agent_with<A: Agent>(self, factory: impl Fn() -> A + Send + Sync + 'static) -> Self {
        self.host(Arc::new(factory), None)
    }

    /// Adds a chat agent type.
    #[must_use]
    pub fn chat_agent<A: AiChatAgent + Default>(self) -> Self {
        self.chat_agent_with(A::default)
    }

    /// Adds a chat agent type whose values `factory` makes, one each time an instance wakes.
    #[must_use]
    pub fn chat_agent_with<A: AiChatAgent>(
        self,
        factory: impl Fn() -> A + Send + Sync + 'static,
    ) -> Self {
        self.host(Arc::new(factory), Some(Arc::new(ChatExtension)))
    }

    /// Adds something every agent can get by its type with [`Agents::service`]: a client, a
    /// configuration, a secret.
    #[must_use]
    pub fn service<S: Send + Sync + 'static>(mut self, service: S) -> Self {
        self.services.insert(TypeId::of::<S>(), Arc::new(service));
        self
    }

    fn host<A: Agent>(
        mut self,
        factory: Arc<dyn Fn() -> A + Send + Sync>,
        extension: Option<Arc<dyn Extension<A>>>,
    ) -> Self {
        let name = kebab_case(A::NAME);
        let host = Arc::new(Host::new(&name, factory, extension));
        self.hosts.push((name, TypeId::of::<A>(), host));
        self
    }

    /// Claims the data folder now rather than in [`AgentsBuilder::build`].
    ///
    /// # Errors
    /// [`AgentError::DataDir`] where the folder cannot be written, [`AgentError::DataDirInUse`]
    /// where another process has it.
    pub fn claim(mut self) -> Result<Self, AgentError> {
        if self.lock.is_none() {
            self.lock = Some(claim(&self.config)?);
        }
        Ok(self)
    }

    /// Claims the data folder and makes the agents reachable.
    ///
    /// # Errors
    /// As [`AgentsBuilder::claim`], and [`AgentError::DuplicateAgent`] for two agents of one name.
    pub fn build(self) -> Result<Agents, AgentError> {
        let lock = match self.lock {
            Some(lock) => lock,
            None => claim(&self.config)?,
        };
        let (mut hosts, mut names) = (HashMap::new(), HashMap::new());
        for (name, type_id, host) in self.hosts {
            names.insert(type_id, name.clone());
            if hosts.insert(name.clone(), host).is_some() {
                return Err(AgentError::DuplicateAgent(name));
            }
        }
        let inner = Inner {
            config: self.config,
            hosts,
            names,
            lifecycle: Lifecycle::default(),
            services: self.services,
            lock: Mutex::new(Some(lock)),
        };
        Ok(Agents { inner: Arc::new(inner) })
    }
}

/// Takes the lock that makes this process the only one to run instances of the folder.
fn claim(config: &AgentsConfig) -> Result<File, AgentError> {
    let path = &config.data_dir;
    let failed = |source| AgentError::DataDir { path: path.clone(), source };
    fs::create_dir_all(path).map_err(failed)?;
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.join("domovoi.lock"))
        .map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(AgentError::DataDirInUse(path.clone())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

impl Agents {
    /// Starts to collect agents.
    #[must_use]
    pub fn builder(config: AgentsConfig) -> AgentsBuilder {
        let (hosts, services) = (Vec::new(), HashMap::new());
        AgentsBuilder { config, hosts, services, lock: None }
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
        let unknown = || AgentError::UnknownAgent(kebab_case(A::NAME));
        let agent = self.inner.names.get(&TypeId::of::<A>()).ok_or_else(unknown)?;
        let host = Arc::clone(self.host(agent, name)?);
        let host = host.as_any().downcast::<Host<A>>().map_err(|_| unknown())?;
        Ok(AgentHandle::new(self.clone(), host, name))
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
        let answer = self.host(agent, name)?.call(self, name, method, args).await?;
        Ok(serde_json::from_value(answer)?)
    }

    /// Removes an instance: its connections are closed, its file is deleted.
    ///
    /// # Errors
    /// [`AgentError::UnknownAgent`], [`AgentError::InvalidName`], or [`AgentError::DataDir`] where
    /// the file cannot be deleted.
    pub async fn destroy(&self, agent: &str, name: &str) -> Result<(), AgentError> {
        self.host(agent, name)?.destroy(self, name).await
    }

    /// Completes when a shutdown begins. A task that goes on for ever ends then, so that nobody
    /// waits for it.
    pub async fn stopping(&self) {
        self.inner.lifecycle.stopping().await;
    }

    /// Shuts down: connections are told to come back later, what is in flight may finish for
    /// `grace` and is then cut off; the journal has it. The data folder is free afterwards.
    pub async fn shutdown(&self, grace: Duration) {
        const GOING_AWAY: u16 = 1001;
        self.inner.lifecycle.shutdown(grace).await;
        for host in self.inner.hosts.values() {
            for connection in host.all_connections() {
                connection.close(GOING_AWAY, "the server is shutting down");
            }
        }
        self.inner.lifecycle.sockets_closed().await;
        *self.inner.lock.lock() = None;
    }

    pub(crate) fn lifecycle(&self) -> &Lifecycle {
        &self.inner.lifecycle
    }

    pub(crate) fn host(&self, agent: &str, name: &str) -> Result<&Arc<dyn AnyHost>, AgentError> {
        if !is_valid_instance_name(name) {
            return Err(AgentError::InvalidName);
        }
        self.inner.hosts.get(agent).ok_or_else(|| AgentError::UnknownAgent(agent.to_owned()))
    }
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agents").field("agents", &self.inner.hosts.keys()).finish_non_exhaustive()
    }
}
