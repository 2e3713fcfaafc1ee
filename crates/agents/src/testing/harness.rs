//! The agents under test.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use axum::{body::Body, response::Response};
use futures::future::join_all;
use http::Request;
use tempfile::TempDir;

use super::TestClient;
use crate::{
    Agent, AgentError, AgentHandle, Agents, AgentsBuilder, AgentsConfig, InstanceId,
    clock::{Clock, to_millis},
    routing,
};

/// Alarms fired together.
const BATCH: usize = 500;

/// Agents under test, in this process. The clock of schedules stands still until
/// [`TestAgents::advance`] moves it; instances sleep only when they are told to.
pub struct TestAgents {
    register: Box<dyn Fn(AgentsBuilder) -> AgentsBuilder + Send + Sync>,
    config: AgentsConfig,
    clock: Clock,
    agents: Agents,
    _folder: TempDir,
}

impl TestAgents {
    /// Starts the agents that `register` adds, in a new folder.
    ///
    /// # Errors
    /// As [`AgentsBuilder::build`].
    pub fn new(
        register: impl Fn(AgentsBuilder) -> AgentsBuilder + Send + Sync + 'static,
    ) -> Result<Self, AgentError> {
        Self::with_config(|_| {}, register)
    }

    /// As [`TestAgents::new`], with settings that `configure` changes.
    ///
    /// # Errors
    /// As [`AgentsBuilder::build`].
    pub fn with_config(
        configure: impl FnOnce(&mut AgentsConfig),
        register: impl Fn(AgentsBuilder) -> AgentsBuilder + Send + Sync + 'static,
    ) -> Result<Self, AgentError> {
        let folder = TempDir::new()
            .map_err(|source| AgentError::DataDir { path: std::env::temp_dir(), source })?;
        let mut config = AgentsConfig::new(folder.path());
        config.idle_after = Duration::from_secs(24 * 3600);
        configure(&mut config);
        let clock = Clock::manual(to_millis(SystemTime::now()));
        let agents = register(Agents::builder(config.clone()).clock(clock.clone())).build()?;
        Ok(Self { register: Box::new(register), config, clock, agents, _folder: folder })
    }

    /// The agents. A [`TestAgents::crash`] puts others in their place.
    #[must_use]
    pub fn agents(&self) -> &Agents {
        &self.agents
    }

    /// A handle to an instance.
    ///
    /// # Errors
    /// As [`Agents::get`].
    pub fn get<A: Agent>(&self, name: &str) -> Result<AgentHandle<A>, AgentError> {
        self.agents.get(name)
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.clock.now().unsigned_abs())
    }

    /// Moves the clock, and runs in order what falls due on the way: schedules, second attempts,
    /// the queue. Completes when all of it has ended.
    ///
    /// # Errors
    /// [`AgentError::Database`] where the alarms cannot be read.
    pub async fn advance(&self, time: Duration) -> Result<(), AgentError> {
        let span = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let target = self.clock.now().saturating_add(span);
        let index = self.agents.storage().index();
        while let Some(next) = index.next()?.filter(|next| *next <= target) {
            self.clock.advance_to(next);
            let due = index.fire(self.clock.now(), BATCH)?;
            let alarms = due.iter().filter_map(|(agent, key)| self.agents.alarm(agent, key));
            join_all(alarms).await;
        }
        self.clock.advance_to(target);
        Ok(())
    }

    /// Moves the clock and runs nothing, as a machine does that is asleep.
    pub fn jump(&self, time: Duration) {
        let span = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        self.clock.advance_to(self.clock.now().saturating_add(span));
    }

    /// Wakes the instances that have something due, without waiting for what comes of it.
    ///
    /// # Errors
    /// [`AgentError::Database`] where the alarms cannot be read.
    pub async fn fire(&self) -> Result<(), AgentError> {
        for (agent, key) in self.agents.storage().index().fire(self.clock.now(), BATCH)? {
            drop(self.agents.alarm(&agent, &key));
        }
        Ok(())
    }

    /// Completes when nothing that is due of an instance is left to end.
    ///
    /// # Errors
    /// As [`Agents::get`].
    pub async fn settled<A: Agent>(&self, name: &str) -> Result<(), AgentError> {
        let handle = self.agents.get::<A>(name)?;
        let host = self.agents.host(handle.id())?;
        host.alarm(&self.agents, InstanceId::clone(handle.id())).await
    }

    /// Puts an instance to sleep as soon as nothing is in flight, and waits for it. Its
    /// connections stay open.
    ///
    /// # Errors
    /// As [`Agents::get`].
    pub async fn sleep<A: Agent>(&self, name: &str) -> Result<(), AgentError> {
        let handle = self.agents.get::<A>(name)?;
        self.agents.host(handle.id())?.doze(handle.id()).await;
        Ok(())
    }

    /// Ends everything at once, as if the process had died, and starts again on the same data.
    /// Connections are lost, and so is what was in flight.
    ///
    /// # Errors
    /// As [`AgentsBuilder::build`].
    pub async fn crash(&mut self) -> Result<(), AgentError> {
        self.agents.crash().await;
        let builder = Agents::builder(self.config.clone()).clock(self.clock.clone());
        self.agents = (self.register)(builder).build()?;
        Ok(())
    }

    /// Connects to an instance, by the path below `/agents/`: `counter/main?token=x`.
    ///
    /// # Errors
    /// As [`Agents::get`], [`AgentError::TooManyConnections`], and [`AgentError::Refused`] where
    /// [`AgentsBuilder::before_connect`] says so.
    pub async fn connect(&self, path: &str) -> Result<TestClient, AgentError> {
        self.connect_with(path, Request::new(())).await
    }

    /// As [`TestAgents::connect`], with the headers of `request`.
    ///
    /// # Errors
    /// As [`TestAgents::connect`].
    pub async fn connect_with(
        &self,
        path: &str,
        request: Request<()>,
    ) -> Result<TestClient, AgentError> {
        let (mut parts, ()) = request.into_parts();
        parts.uri = format!("/agents/{path}").parse().map_err(|_| AgentError::InvalidName)?;
        let (id, identity) = routing::admit(&self.agents, &parts, true)
            .await?
            .map_err(|refusal| AgentError::Refused(refusal.status().as_u16()))?;
        TestClient::open(&self.agents, id, parts, identity)
    }

    /// Hands a plain request to the routes of the agents.
    pub async fn request(&self, request: Request<Body>) -> Response {
        use tower::ServiceExt;
        match self.agents.routes::<()>().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl fmt::Debug for TestAgents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestAgents").field("agents", &self.agents).finish_non_exhaustive()
    }
}
