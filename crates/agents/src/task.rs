//! Methods that are run later: by a schedule, by the queue.

use std::{
    fmt,
    future::{Future, ready},
    marker::PhantomData,
    sync::Arc,
};

use futures::{FutureExt, future::BoxFuture};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Agent, Context, HandlerError, Result};

/// A task of the agent `A` with a payload of type `P`; `#[task]` on a method writes one as a
/// constant of the agent.
///
/// ```
/// use domovoi_agents::{Task, prelude::*};
///
/// #[derive(Default)]
/// struct Reminders;
///
/// #[agent]
/// impl Reminders {
///     #[task]
///     async fn send_reminder(&self, cx: &Context<Self>, text: String) -> Result<()> {
///         cx.broadcast(text);
///         Ok(())
///     }
/// }
///
/// let task: Task<Reminders, String> = Reminders::SEND_REMINDER;
/// assert_eq!(task.name(), "sendReminder");
/// ```
pub struct Task<A: Agent, P> {
    name: &'static str,
    types: PhantomData<fn(A, P)>,
}

impl<A: Agent, P> Task<A, P> {
    /// The task of this name among [`Agent::tasks`].
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str) -> Self
    where
        P: Serialize + DeserializeOwned + Send + 'static,
    {
        Self { name, types: PhantomData }
    }

    /// The name it is stored under: the method's in camelCase.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

impl<A: Agent, P> Clone for Task<A, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Agent, P> Copy for Task<A, P> {}

impl<A: Agent, P> fmt::Debug for Task<A, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.name).finish()
    }
}

/// A task as the runtime finds it by name; `#[task]` writes these.
#[derive(Debug)]
pub struct TaskEntry<A: Agent> {
    /// The name it is stored under.
    pub name: &'static str,
    /// Decodes the payload and runs the method.
    pub run: TaskFn<A>,
}

/// Decodes a payload, which is JSON (`null` for none), and runs the task's method. A payload that
/// does not fit any more is a terminal error.
pub type TaskFn<A> = fn(Arc<A>, Context<A>, &str) -> BoxFuture<'static, Result<()>>;

/// What every [`TaskFn`] does.
pub fn run<P, F>(
    name: &str,
    payload: &str,
    work: impl FnOnce(P) -> F,
) -> BoxFuture<'static, Result<()>>
where
    P: DeserializeOwned,
    F: Future<Output = Result<()>> + Send + 'static,
{
    match serde_json::from_str(payload) {
        Ok(payload) => work(payload).boxed(),
        Err(error) => {
            let error = format!("the payload of task `{name}` does not fit: {error}");
            ready(Err(HandlerError::new(error).terminal())).boxed()
        }
    }
}
