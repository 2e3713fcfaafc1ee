//! Typed handles to instances, for code of this process.

use std::{fmt, future::Future, ops::Deref, panic, panic::AssertUnwindSafe, sync::Arc};

use axum::{body::Body, response::Response};
use futures::FutureExt;
use http::Request;
use tokio::sync::oneshot;

use crate::{
    Agent, AgentError, Agents, Context, Identity, InstanceId, Result, Stub,
    host::{AnyHost, Host},
    instance::Command,
    rpc::{ResultStream, StreamingResponse},
};

/// A typed handle to one instance, for code of this process: an axum handler, another agent.
///
/// It has the methods of its agent that `#[agent]` makes public, with their own types and no JSON
/// in between. They run on the instance's task:
///
/// ```
/// # use domovoi_agents::prelude::*;
/// #[derive(Default)]
/// struct Greeter;
///
/// #[agent]
/// impl Greeter {
///     #[callable]
///     fn greet(&self, name: String) -> String {
///         format!("Hello, {name}!")
///     }
/// }
///
/// # async fn f(agents: Agents) -> Result<(), AgentError> {
/// let greeting: String = agents.get::<Greeter>("main")?.greet("Anna".to_owned()).await?;
/// # Ok(()) }
/// ```
///
/// Each answers the method's value, or [`AgentError::Handler`] with its error,
/// [`AgentError::Panicked`], or [`AgentError::Gone`] as [`AgentHandle::run`]. A call goes on where
/// its future is dropped.
pub struct AgentHandle<A: Agent> {
    mailbox: Mailbox<A>,
    stub: A::Stub,
}

impl<A: Agent> AgentHandle<A> {
    pub(crate) fn new(agents: Agents, host: Arc<Host<A>>, id: InstanceId) -> Self {
        Self::from(Mailbox { agents, host, id: Arc::new(id) })
    }

    /// The instance's address.
    #[must_use]
    pub fn id(&self) -> &InstanceId {
        &self.mailbox.id
    }

    /// Hands a request to the instance, a WebSocket as well. Who comes this far is the caller's
    /// decision: the hooks of [`Agents::routes`] are not asked.
    pub async fn fetch(&self, request: Request<Body>) -> Response {
        self.fetch_as(Identity::anonymous(), request).await
    }

    /// As [`AgentHandle::fetch`], from a client that the agent gets to know as `identity`.
    pub async fn fetch_as(&self, identity: Identity, request: Request<Body>) -> Response {
        let id = InstanceId::clone(&self.mailbox.id);
        self.mailbox.agents.fetch_as(id, request, identity).await
    }

    /// Removes the instance: its connections are closed, its data, its schedules and its
    /// sub-agents deleted.
    ///
    /// # Errors
    /// [`AgentError::DataDir`] where a file cannot be deleted.
    pub async fn destroy(&self) -> Result<(), AgentError> {
        let Mailbox { agents, host, id } = &self.mailbox;
        AnyHost::destroy(Arc::clone(host), agents, InstanceId::clone(id)).await
    }

    /// Runs `work` on the instance's task, beside its handlers, and answers what it answers.
    ///
    /// ```
    /// # use domovoi_agents::{Agent, Agents, Context};
    /// # async fn f<A: Agent>(agents: Agents) -> Result<(), domovoi_agents::AgentError> {
    /// let connections = agents.get::<A>("main")?.run(|_agent, cx| async move {
    ///     cx.connections().len()
    /// }).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`AgentError::Panicked`] where `work` panics, [`AgentError::Gone`] where the instance cannot
    /// start or is destroyed.
    pub async fn run<T, F>(
        &self,
        work: impl FnOnce(Arc<A>, Context<A>) -> F + Send + 'static,
    ) -> Result<T, AgentError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.mailbox.run(work).await
    }
}

impl<A: Agent> From<Mailbox<A>> for AgentHandle<A> {
    fn from(mailbox: Mailbox<A>) -> Self {
        Self { stub: A::Stub::new(mailbox.clone()), mailbox }
    }
}

impl<A: Agent> Clone for AgentHandle<A> {
    fn clone(&self) -> Self {
        Self::from(self.mailbox.clone())
    }
}

/// The methods of the agent itself. One that is named as a method of the handle is reached with
/// `(*handle).run()`.
impl<A: Agent> Deref for AgentHandle<A> {
    type Target = A::Stub;

    fn deref(&self) -> &A::Stub {
        &self.stub
    }
}

impl<A: Agent> fmt::Debug for AgentHandle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AgentHandle").field(&self.mailbox.id.to_string()).finish()
    }
}

/// Where one instance takes work of this process; what stubs are made of.
pub struct Mailbox<A: Agent> {
    agents: Agents,
    host: Arc<Host<A>>,
    id: Arc<InstanceId>,
}

impl<A: Agent> Mailbox<A> {
    async fn run<T, F>(
        &self,
        work: impl FnOnce(Arc<A>, Context<A>) -> F + Send + 'static,
    ) -> Result<T, AgentError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.send(move |this, cx| async move {
            // The call of `work` itself may panic as well.
            let owner = cx.clone();
            let work = AssertUnwindSafe(async move { work(this, cx).await });
            match work.catch_unwind().await {
                Ok(value) => {
                    let _ = answer.send(owner.durable().await.map(|()| value));
                }
                Err(payload) => {
                    let _ = answer.send(Err(AgentError::Panicked));
                    // The instance logs it, as it does every panic.
                    panic::resume_unwind(payload);
                }
            }
        });
        answered.await.unwrap_or(Err(AgentError::Gone))
    }

    /// Runs a method.
    ///
    /// # Errors
    /// As [`AgentHandle::run`], and [`AgentError::Handler`] with the method's error.
    pub async fn call<T, F>(
        &self,
        method: impl FnOnce(Arc<A>, Context<A>) -> F + Send + 'static,
    ) -> Result<T, AgentError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.run(method).await?.map_err(AgentError::Handler)
    }

    /// Runs a method that streams.
    pub fn stream<T, F>(
        &self,
        method: impl FnOnce(Arc<A>, Context<A>, StreamingResponse) -> F + Send + 'static,
    ) -> ResultStream<T>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let (source, stream) = ResultStream::new();
        self.send(move |this, cx| async move {
            if let Err(error) = method(this, cx, source.response()).await {
                source.fail(error);
            }
        });
        stream
    }

    fn send<F>(&self, work: impl FnOnce(Arc<A>, Context<A>) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let work = Box::new(move |this, cx| work(this, cx).boxed());
        let slot = self.host.slot(&self.agents, InstanceId::clone(&self.id));
        self.host.send(&self.agents, &slot, Command::Run(work));
    }
}

impl<A: Agent> Clone for Mailbox<A> {
    fn clone(&self) -> Self {
        Self { agents: self.agents.clone(), host: Arc::clone(&self.host), id: Arc::clone(&self.id) }
    }
}

impl<A: Agent> fmt::Debug for Mailbox<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mailbox").field(&self.id.to_string()).finish()
    }
}
