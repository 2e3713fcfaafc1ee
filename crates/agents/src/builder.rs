//! Registration: which agents there are, and what surrounds them.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    future::Future,
    sync::{Arc, Once},
};

use domovoi_protocol::address::kebab_case;

use crate::{
    Agent, AgentError, Agents, AgentsConfig, AiChatAgent, FolderLock, Ownership,
    agents::{Inner, Registration},
    chat::ChatExtension,
    clock::Clock,
    extension::Extension,
    figures::TurnCounts,
    hooks::{Admission, Arrival, Hooks, hook},
    host::Host,
    inspect::Activity,
    lifecycle::Lifecycle,
    storage::Storage,
};

/// Collects agents; [`AgentsBuilder::build`] makes [`Agents`] of them.
pub struct AgentsBuilder {
    config: AgentsConfig,
    registrations: Vec<Registration>,
    services: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    hooks: Hooks,
    ownership: Arc<dyn Ownership>,
    clock: Clock,
}

impl fmt::Debug for AgentsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.registrations.iter().map(|agent| &*agent.name).collect();
        f.debug_struct("AgentsBuilder").field("agents", &names).finish_non_exhaustive()
    }
}

impl AgentsBuilder {
    pub(crate) fn new(config: AgentsConfig) -> Self {
        Self {
            config,
            registrations: Vec::new(),
            services: HashMap::new(),
            hooks: Hooks::default(),
            ownership: Arc::new(FolderLock::default()),
            clock: Clock::default(),
        }
    }

    /// Adds an agent type.
    #[must_use]
    pub fn agent<A: Agent + Default>(self) -> Self {
        self.agent_with(A::default)
    }

    /// Adds an agent type whose values `factory` makes, one each time an instance wakes.
    #[must_use]
    pub fn agent_with<A: Agent>(self, factory: impl Fn() -> A + Send + Sync + 'static) -> Self {
        self.register(Arc::new(factory), None)
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
        self.register(Arc::new(factory), Some(Arc::new(ChatExtension)))
    }

    /// Makes `C` a sub-agent type of `P`: its instances belong to one of `P`, are addressed below
    /// it as `/agents/{P}/{name}/sub/{C}/{name}`, and are deleted with it. A type that was not
    /// added before can be reached in no other way.
    #[must_use]
    pub fn sub_agent<P: Agent, C: Agent + Default>(self) -> Self {
        self.sub_agent_with::<P, C>(C::default)
    }

    /// As [`AgentsBuilder::sub_agent`], with values that `factory` makes.
    #[must_use]
    pub fn sub_agent_with<P: Agent, C: Agent>(
        mut self,
        factory: impl Fn() -> C + Send + Sync + 'static,
    ) -> Self {
        if !self.registrations.iter().any(|agent| agent.type_id == TypeId::of::<C>()) {
            self = self.register(Arc::new(factory), None);
            if let Some(added) = self.registrations.last_mut() {
                added.top_level = false;
            }
        }
        let child = self.registrations.iter_mut().find(|it| it.type_id == TypeId::of::<C>());
        child.into_iter().for_each(|child| child.parents.push(kebab_case(P::NAME)));
        self
    }

    /// Adds something every agent can get by its type with [`Agents::service`]: a client, a
    /// configuration, a secret.
    #[must_use]
    pub fn service<S: Send + Sync + 'static>(mut self, service: S) -> Self {
        self.services.insert(TypeId::of::<S>(), Arc::new(service));
        self
    }

    /// Decides over each WebSocket before its agent is created or woken: who the client is, or
    /// that it is refused.
    ///
    /// ```
    /// # use axum::response::IntoResponse;
    /// # use domovoi_agents::{AgentsBuilder, Identity};
    /// # fn f(builder: AgentsBuilder) -> AgentsBuilder {
    /// struct User(String);
    ///
    /// builder.before_connect(|arrival| async move {
    ///     match arrival.request.headers.get("x-user").and_then(|user| user.to_str().ok()) {
    ///         Some(user) => Ok(Identity::new(User(user.to_owned()))),
    ///         None => Err(Box::new(http::StatusCode::FORBIDDEN.into_response())),
    ///     }
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn before_connect<F>(
        mut self,
        decide: impl Fn(Arrival) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Admission> + Send + 'static,
    {
        self.hooks.before_connect = hook(decide);
        self
    }

    /// As [`AgentsBuilder::before_connect`], for each plain HTTP request. The agent finds the
    /// [`Identity`](crate::Identity) among the request's extensions.
    #[must_use]
    pub fn before_request<F>(
        mut self,
        decide: impl Fn(Arrival) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Admission> + Send + 'static,
    {
        self.hooks.before_request = hook(decide);
        self
    }

    /// Decides who runs an instance in another way than by a lock on the data folder.
    #[must_use]
    pub fn ownership(mut self, ownership: impl Ownership) -> Self {
        self.ownership = Arc::new(ownership);
        self
    }

    #[cfg(feature = "testing")]
    pub(crate) fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    fn register<A: Agent>(
        mut self,
        factory: Arc<dyn Fn() -> A + Send + Sync>,
        extension: Option<Arc<dyn Extension<A>>>,
    ) -> Self {
        let name: Arc<str> = kebab_case(A::NAME).into();
        self.registrations.push(Registration {
            host: Arc::new(Host::new(factory, extension)),
            name,
            type_id: TypeId::of::<A>(),
            top_level: true,
            parents: Vec::new(),
        });
        self
    }

    /// Claims the data folder now rather than in [`AgentsBuilder::build`].
    ///
    /// # Errors
    /// [`AgentError::DataDir`] where the folder cannot be written, [`AgentError::DataDirInUse`]
    /// where another process has it.
    pub fn claim(self) -> Result<Self, AgentError> {
        self.ownership.claim(&self.config.data_dir)?;
        Ok(self)
    }

    /// Claims the data folder and makes the agents reachable. Within a tokio runtime, schedules
    /// begin to run at once; without one, with the first request.
    ///
    /// # Errors
    /// As [`AgentsBuilder::claim`], and [`AgentError::DuplicateAgent`] for two agents of one name.
    pub fn build(self) -> Result<Agents, AgentError> {
        let this = self.claim()?;
        for (index, agent) in this.registrations.iter().enumerate() {
            if this.registrations[..index].iter().any(|other| other.name == agent.name) {
                return Err(AgentError::DuplicateAgent(agent.name.to_string()));
            }
        }
        let storage = Arc::new(Storage::open(&this.config)?);
        Ok(Agents::new(Inner {
            config: this.config,
            registrations: this.registrations,
            lifecycle: Lifecycle::default(),
            services: this.services,
            hooks: this.hooks,
            ownership: this.ownership,
            storage,
            clock: this.clock,
            turns: TurnCounts::default(),
            activity: Activity::default(),
            started: Once::new(),
        }))
    }
}
