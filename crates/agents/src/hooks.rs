//! What an application decides before a request reaches an agent.

use std::{fmt, future::Future, sync::Arc};

use axum::response::Response;
use futures::future::{BoxFuture, FutureExt};
use http::request::Parts;

use crate::{Identity, InstanceId};

/// A request that is about to reach an agent, which is neither created nor woken yet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Arrival {
    /// The instance it is for.
    pub instance: InstanceId,
    /// The request without its body: method, address, headers, extensions.
    pub request: Parts,
}

/// What a hook decides: who the client is, or the response that refuses it.
pub type Admission = Result<Identity, Box<Response>>;

type Hook = Arc<dyn Fn(Arrival) -> BoxFuture<'static, Admission> + Send + Sync>;

/// The hooks of the routes.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) before_connect: Option<Hook>,
    pub(crate) before_request: Option<Hook>,
}

pub(crate) fn hook<F>(decide: impl Fn(Arrival) -> F + Send + Sync + 'static) -> Option<Hook>
where
    F: Future<Output = Admission> + Send + 'static,
{
    Some(Arc::new(move |arrival| decide(arrival).boxed()))
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("before_connect", &self.before_connect.is_some())
            .field("before_request", &self.before_request.is_some())
            .finish()
    }
}
