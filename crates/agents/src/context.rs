//! An instance's own view of itself: address, state, database, connections.

use std::{fmt, future::Future, sync::Arc};

use axum::extract::ws::Utf8Bytes;
use domovoi_protocol::{
    ServerFrame,
    state::{StateErrorFrame, StateFrame},
};
use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use rusqlite::OptionalExtension;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{
    Agent, AgentError, Agents, Connection, Result, Sql, StateSource, chat::ChatState,
    connection::ConnectionSet, database::Database,
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
    agent: Arc<str>,
    name: Arc<str>,
    this: Arc<A>,
    database: Database,
    state: Mutex<Arc<A::State>>,
    connections: Arc<ConnectionSet>,
    tasks: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
    chat: ChatState,
}

/// What [`Context::new`] needs.
pub(crate) struct Parts<A: Agent> {
    pub(crate) agents: Agents,
    pub(crate) agent: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) this: Arc<A>,
    pub(crate) database: Database,
    pub(crate) connections: Arc<ConnectionSet>,
    pub(crate) tasks: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
}

impl<A: Agent> Context<A> {
    pub(crate) fn new(parts: Parts<A>) -> Result<Self, AgentError> {
        let Parts { agents, agent, name, this, database, connections, tasks } = parts;
        let stored = if database.exists() { load_state(&database)? } else { None };
        let state = match stored {
            Some(json) => serde_json::from_str(&json).map_err(AgentError::StateShape)?,
            None => this.initial_state(),
        };
        let state = Mutex::new(Arc::new(state));
        let chat = ChatState::default();
        let inner = Inner { agents, agent, name, this, database, state, connections, tasks, chat };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The agent's type in kebab-case.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.inner.agent
    }

    /// The instance's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
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
        self.inner.connections.all()
    }

    /// Sends text to every connection.
    pub fn broadcast(&self, text: impl Into<Utf8Bytes>) {
        self.inner.connections.broadcast(text, |_| true);
    }

    /// Sends text to the connections that `to` picks.
    pub fn broadcast_to(&self, text: impl Into<Utf8Bytes>, to: impl Fn(&Connection) -> bool) {
        self.inner.connections.broadcast(text, to);
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
        let mut state = A::State::clone(&self.state());
        let answer = edit(&mut state);
        self.set_state(state)?;
        Ok(answer)
    }

    /// Runs a future on the instance's task, beside its handlers. It keeps the instance awake.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let _ = self.inner.tasks.send(future.boxed());
    }

    pub(crate) fn replace_state(
        &self,
        state: A::State,
        source: StateSource,
    ) -> Result<(), AgentError> {
        self.inner
            .this
            .validate_state(&state, &source)
            .map_err(|error| AgentError::StateRejected(error.to_string()))?;
        let value = serde_json::to_value(&state)?;
        let json = value.to_string();
        let limit = self.inner.agents.config().max_state_bytes;
        if json.len() > limit {
            return Err(AgentError::StateTooLarge { bytes: json.len(), limit });
        }
        self.inner.database.with(|db| store_state(db, &json))?;
        let state = Arc::new(state);
        *self.inner.state.lock() = Arc::clone(&state);
        let frame = ServerFrame::from(StateFrame { state: value }).to_json();
        self.broadcast_to(
            frame,
            |connection| !matches!(&source, StateSource::Client(sender) if sender == connection),
        );
        let cx = self.clone();
        self.spawn(async move {
            if let Err(error) = cx.inner.this.on_state_update(&cx, &state, &source).await {
                tracing::warn!(agent = cx.agent(), instance = cx.name(), %error, "on_state_update failed");
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
        let result = serde_json::from_value(state)
            .map_err(AgentError::Json)
            .and_then(|state| self.replace_state(state, StateSource::Client(connection.clone())));
        if let Err(error) = result {
            tracing::debug!(agent = self.agent(), instance = self.name(), %error, "state update refused");
            refuse(StateErrorFrame::REJECTED);
        }
    }

    /// The state frame, where the agent has a state.
    pub(crate) fn state_frame(&self) -> Result<Option<ServerFrame>, AgentError> {
        let state = serde_json::to_value(&*self.state())?;
        Ok((!state.is_null()).then(|| StateFrame { state }.into()))
    }

    pub(crate) fn this(&self) -> &Arc<A> {
        &self.inner.this
    }

    pub(crate) fn database(&self) -> &Database {
        &self.inner.database
    }

    pub(crate) fn chat(&self) -> &ChatState {
        &self.inner.chat
    }

    /// Whether nobody but the instance's task holds on to this.
    pub(crate) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.inner) == 1
    }
}

fn load_state(database: &Database) -> Result<Option<String>, AgentError> {
    database.with(|db| {
        let mut statement = db.prepare_cached("SELECT value FROM domovoi_state WHERE id = 1")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?)
    })
}

fn store_state(db: &mut rusqlite::Connection, json: &str) -> Result<(), AgentError> {
    db.prepare_cached(
        "INSERT INTO domovoi_state (id, value) VALUES (1, ?1)
         ON CONFLICT (id) DO UPDATE SET value = excluded.value",
    )?
    .execute([json])?;
    Ok(())
}

impl<A: Agent> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("agent", &self.inner.agent)
            .field("name", &self.inner.name)
            .finish_non_exhaustive()
    }
}
