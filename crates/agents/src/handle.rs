//! Typed handles to instances, for code of this process.

use std::{fmt, future::Future, sync::Arc};

use futures::FutureExt;
use tokio::sync::oneshot;

use crate::{Agent, AgentError, Agents, Context, host::Host, instance::Command};

/// A typed handle to one instance, for code of this process: an axum handler, another agent.
pub struct AgentHandle<A: Agent> {
    agents: Agents,
    host: Arc<Host<A>>,
    name: String,
}

impl<A: Agent> AgentHandle<A> {
    pub(crate) fn new(agents: Agents, host: Arc<Host<A>>, name: &str) -> Self {
        Self { agents, host, name: name.to_owned() }
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
    /// [`AgentError::Gone`] where the instance cannot start, is destroyed or `work` panics.
    pub async fn run<T, F>(
        &self,
        work: impl FnOnce(Arc<A>, Context<A>) -> F + Send + 'static,
    ) -> Result<T, AgentError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work = Box::new(move |this: Arc<A>, cx: Context<A>| {
            async move {
                let _ = answer.send(work(this, cx).await);
            }
            .boxed()
        });
        self.host.send(&self.agents, &self.name, Command::Run(work));
        answered.await.map_err(|_| AgentError::Gone)
    }
}

impl<A: Agent> fmt::Debug for AgentHandle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentHandle").field("name", &self.name).finish_non_exhaustive()
    }
}
