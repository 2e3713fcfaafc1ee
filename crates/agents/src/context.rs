//! An instance's own view of itself: address, state, database, connections.

use std::{
    fmt,
    future::Future,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use axum::extract::ws::Utf8Bytes;
use domovoi_protocol::{ServerFrame, state::StateErrorFrame};
use futures::{FutureExt, future::BoxFuture};
use parking_lot::{Mutex, ReentrantMutex};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{
    Agent, AgentError, AgentHandle, Agents, Connection, HandlerError, InstanceId, Result, Sql,
    StateSource, chat::ChatState, extension::Extension, schedule::Scheduler, slot::Slot, state,
    storage::Database,
};

/// What an instance knows and can do. Passed to every handler; cheap to clone. An instance stays
/// awake for as long as somebody holds a clone.
pub struct Context<A: Agent> {
    inner: Arc<Inner<A>>,
}

impl<A: Agent> Clone for Context<A> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

struct Inner<A: Agent> {
    agents: Agents,
    slot: Arc<Slot<A>>,
    this: Arc<A>,
    database: Arc<Database>,
    state: Mutex<Arc<A::State>>,
    /// Locked while the state is edited: code of this process may do so from other threads.
    edit: ReentrantMutex<()>,
    tasks: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
    extension: Option<Arc<dyn Extension<A>>>,
    scheduler: Scheduler,
    chat: ChatState,
}

/// What [`Context::new`] needs.
pub(crate) struct Parts<A: Agent> {
    pub(crate) agents: Agents,
    pub(crate) slot: Arc<Slot<A>>,
    pub(crate) this: Arc<A>,
    pub(crate) database: Arc<Database>,
    pub(crate) tasks: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
    pub(crate) extension: Option<Arc<dyn Extension<A>>>,
}

impl<A: Agent> Context<A> {
    pub(crate) fn new(parts: Parts<A>) -> Result<Self, AgentError> {
        let Parts { agents, slot, this, database, tasks, extension } = parts;
        let state = Mutex::new(Arc::new(state::load(&*this, &database)?));
        let inner = Inner {
            agents,
            slot,
            this,
            database,
            state,
            edit: ReentrantMutex::new(()),
            tasks,
            extension,
            scheduler: Scheduler::default(),
            chat: ChatState::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The agent's type in kebab-case.
    #[must_use]
    pub fn agent(&self) -> &str {
        self.inner.slot.id.agent()
    }

    /// The instance's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inner.slot.id.name()
    }

    /// The instance's address, with the instances it belongs to where it is a sub-agent.
    #[must_use]
    pub fn id(&self) -> &Arc<InstanceId> {
        &self.inner.slot.id
    }

    /// A handle to a sub-agent of this instance: one that is addressed below it and goes away
    /// with it. It need not exist yet.
    ///
    /// # Errors
    /// [`AgentError::UnknownAgent`] where `C` was not registered as a sub-agent of `A` with
    /// [`AgentsBuilder::sub_agent`](crate::AgentsBuilder::sub_agent), and
    /// [`AgentError::InvalidName`].
    pub fn sub_agent<C: Agent>(&self, name: &str) -> Result<AgentHandle<C>, AgentError> {
        self.agents().get_sub(self.id(), name)
    }

    /// Names of the sub-agents of type `C` that have ever written anything, in order, from the
    /// one after `after`, at most `limit`.
    ///
    /// # Errors
    /// As [`Context::sub_agent`], and [`AgentError::Database`].
    pub fn sub_agents<C: Agent>(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, AgentError> {
        let agent = self.agents().name_of::<C>()?;
        let prefix = self.id().children_prefix();
        self.agents().storage().index().names(agent, &prefix, after, limit)
    }

    /// Removes a sub-agent: its connections are closed, its data and its own sub-agents deleted.
    ///
    /// # Errors
    /// As [`Context::sub_agent`], and [`AgentError::DataDir`] where a file cannot be deleted.
    pub async fn delete_sub_agent<C: Agent>(&self, name: &str) -> Result<(), AgentError> {
        self.sub_agent::<C>(name)?.destroy().await
    }

    /// All agents of this process: reach other instances through it.
    #[must_use]
    pub fn agents(&self) -> &Agents {
        &self.inner.agents
    }

    /// The instance's SQL database.
    #[must_use]
    pub fn sql(&self) -> Sql<'_> {
        Sql::new(&self.inner.database)
    }

    /// The open connections.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection> {
        self.inner.slot.connections.all()
    }

    /// The open connections with this tag; see [`Connection::add_tag`].
    #[must_use]
    pub fn tagged(&self, tag: &str) -> Vec<Connection> {
        self.inner.slot.connections.tagged(tag)
    }

    /// Sends text to every connection.
    pub fn broadcast(&self, text: impl Into<Utf8Bytes>) {
        self.inner.slot.connections.broadcast(text, |_| true);
    }

    /// Sends text to the connections that `to` picks.
    pub fn broadcast_to(&self, text: impl Into<Utf8Bytes>, to: impl Fn(&Connection) -> bool) {
        self.inner.slot.connections.broadcast(text, to);
    }

    /// The state as it is now.
    #[must_use]
    pub fn state(&self) -> Arc<A::State> {
        Arc::clone(&self.inner.state.lock())
    }

    /// Replaces the state: it is durable and on its way to every connection when this returns.
    ///
    /// # Errors
    /// [`AgentError::StateRejected`], [`AgentError::StateTooLarge`] or [`AgentError::Database`];
    /// the state is then as before.
    pub fn set_state(&self, state: A::State) -> Result<(), AgentError> {
        self.replace_state(state, StateSource::Server)
    }

    /// Edits the state in place and answers what `edit` answers.
    ///
    /// # Errors
    /// As [`Context::set_state`].
    pub fn update_state<T>(&self, edit: impl FnOnce(&mut A::State) -> T) -> Result<T, AgentError> {
        let _editing = self.inner.edit.lock();
        let mut state = A::State::clone(&self.state());
        let answer = edit(&mut state);
        self.set_state(state)?;
        Ok(answer)
    }

    /// Runs a future on the instance's task, beside its handlers. It keeps the instance awake.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let _ = self.inner.tasks.send(future.boxed());
    }

    /// Completes when everything written so far is durable.
    pub(crate) async fn durable(&self) -> Result<(), AgentError> {
        match &self.inner.slot.gate {
            None => Ok(()),
            Some(gate) => gate.durable().await,
        }
    }

    /// Notes what went wrong, for those who look at the instance.
    pub(crate) fn failed(&self, what: &str, error: &HandlerError) {
        self.agents().failed(self.id(), what, error);
    }

    pub(crate) fn replace_state(
        &self,
        state: A::State,
        source: StateSource,
    ) -> Result<(), AgentError> {
        self.inner
            .this
            .validate_state(self, &state, &source)
            .map_err(|error| AgentError::StateRejected(error.to_string()))?;
        let json = serde_json::to_string(&state)?;
        let limit = self.inner.agents.config().max_state_bytes;
        if json.len() > limit {
            return Err(AgentError::StateTooLarge { bytes: json.len(), limit });
        }
        let _editing = self.inner.edit.lock();
        self.inner.database.write_state(&json)?;
        let state = Arc::new(state);
        *self.inner.state.lock() = Arc::clone(&state);
        if !self.inner.slot.connections.is_empty() {
            self.broadcast_to(state::frame(&json), |connection| {
                !matches!(&source, StateSource::Client(sender) if sender == connection)
            });
        }
        let cx = self.clone();
        self.spawn(async move {
            if let Err(error) = cx.inner.this.on_state_update(&cx, &state, &source).await {
                tracing::warn!(instance = %cx.id(), %error, "on_state_update failed");
                cx.failed("on_state_update", &error);
            }
        });
        Ok(())
    }

    /// Applies a client's update, or tells it why not.
    pub(crate) fn client_state(&self, connection: &Connection, state: Value) {
        let refuse = |error: &str| {
            connection.send_frame(&ServerFrame::from(StateErrorFrame { error: error.to_owned() }));
        };
        if connection.is_readonly() {
            return refuse(StateErrorFrame::READONLY);
        }
        let update = || {
            let state = serde_json::from_value(state)?;
            self.replace_state(state, StateSource::Client(connection.clone()))
        };
        match panic::catch_unwind(AssertUnwindSafe(update)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(instance = %self.id(), %error, "state update refused");
                refuse(StateErrorFrame::REJECTED);
            }
            Err(panic) => {
                refuse(StateErrorFrame::REJECTED);
                panic::resume_unwind(panic);
            }
        }
    }

    /// The state frame, where the agent has a state.
    pub(crate) fn state_frame(&self) -> Result<Option<String>, AgentError> {
        let json = serde_json::to_string(&*self.state())?;
        Ok((json != "null").then(|| state::frame(&json)))
    }

    pub(crate) fn this(&self) -> &Arc<A> {
        &self.inner.this
    }

    pub(crate) fn database(&self) -> &Arc<Database> {
        &self.inner.database
    }

    /// What the agent's kind adds to it.
    pub(crate) fn extension(&self) -> Option<&Arc<dyn Extension<A>>> {
        self.inner.extension.as_ref()
    }

    pub(crate) fn scheduler(&self) -> &Scheduler {
        &self.inner.scheduler
    }

    pub(crate) fn chat(&self) -> &ChatState {
        &self.inner.chat
    }

    /// Whether nobody but the instance's task holds on to this.
    pub(crate) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.inner) == 1
    }
}

impl<A: Agent> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Context").field(&self.id().to_string()).finish()
    }
}
