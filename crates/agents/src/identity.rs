//! Who a client is, as a hook of the routes has found out.

use std::{any::Any, fmt, sync::Arc};

/// Who a client is: any value of the application's own, attached by a hook such as
/// [`AgentsBuilder::before_connect`](crate::AgentsBuilder::before_connect) and read by the agent
/// with [`Connection::identity`](crate::Connection::identity) or from the extensions of a request.
#[derive(Clone, Default)]
pub struct Identity {
    name: Option<Arc<str>>,
    value: Option<Arc<dyn Any + Send + Sync>>,
}

impl Identity {
    /// Nobody in particular.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// A client that is this.
    #[must_use]
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        Self { name: None, value: Some(Arc::new(value)) }
    }

    /// With a name that people know the client by, for what is kept of who did what: the audit trail
    /// of approvals has it.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name, where the hook gave one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The value, where there is one and it is a `T`.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.value.as_deref()?.downcast_ref()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.value.is_some() { "Identity(..)" } else { "Identity(anonymous)" })
    }
}
