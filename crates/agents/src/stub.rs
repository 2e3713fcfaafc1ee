//! Between a method's own types and the task of its instance: what `#[agent]` writes for handles.

use crate::{Agent, HandlerError, Result, handle::Mailbox};

/// The methods of an agent's typed handle, an [`AgentHandle`](crate::AgentHandle) dereferences to
/// it. `#[agent]` writes one; an agent written by hand says `type Stub = ();` and is reached with
/// [`AgentHandle::run`](crate::AgentHandle::run).
pub trait Stub<A: Agent>: Send + Sync + 'static {
    /// The stub of the instance with this mailbox.
    #[doc(hidden)]
    fn new(mailbox: Mailbox<A>) -> Self;
}

impl<A: Agent> Stub<A> for () {
    fn new(_mailbox: Mailbox<A>) -> Self {}
}

/// What a `Result` is of, whatever name it goes by.
pub trait Outcome {
    /// The type of `Ok`.
    type Value;
}

impl<T, E> Outcome for Result<T, E>
where
    HandlerError: From<E>,
{
    type Value = T;
}
