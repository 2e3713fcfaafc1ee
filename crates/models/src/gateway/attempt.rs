//! One model of a route: retries, and the time it has for its first token.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::StreamExt;

use super::record::Record;
use super::{Route, Target};
use crate::{ModelError, ModelEvent, ModelRequest, ModelStream};

/// The first retry comes after about this long, each further one after twice the time.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// An answer that has begun.
pub(super) struct Begun {
    pub(super) first: ModelEvent,
    pub(super) rest: ModelStream,
}

/// Asks a model until it begins to answer, or is not worth another try.
pub(super) async fn begin(
    target: &Target,
    request: &ModelRequest,
    route: &Route,
    is_last: bool,
    record: &mut Record,
) -> Result<Begun, ModelError> {
    let mut waits = ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(route.longest_wait)
        .with_max_times(route.retries)
        .with_jitter()
        .build();
    loop {
        record.attempt(target);
        let error = match once(target, request, route.first_token_timeout).await {
            Ok(begun) => return Ok(begun),
            Err(error) => error,
        };
        // Who has another model does not wait for this one.
        let is_slow = matches!(
            error,
            ModelError::RateLimited { .. }
                | ModelError::TimedOut { .. }
                | ModelError::Busy { .. }
                | ModelError::Loading
        );
        if !error.is_transient() || (is_slow && !is_last) {
            return Err(error);
        }
        let Some(wait) = waits.next() else { return Err(error) };
        let wait = match error {
            ModelError::RateLimited { retry_after: Some(after), .. } => after,
            _ => wait,
        };
        if wait > route.longest_wait {
            return Err(error);
        }
        tokio::time::sleep(wait).await;
    }
}

async fn once(
    target: &Target,
    request: &ModelRequest,
    timeout: Option<Duration>,
) -> Result<Begun, ModelError> {
    let begun = async {
        let mut rest = target.model.stream(request.clone()).await?;
        match rest.next().await {
            Some(first) => Ok(Begun { first: first?, rest }),
            None => Err(ModelError::Interrupted(None)),
        }
    };
    match timeout {
        Some(after) => match tokio::time::timeout(after, begun).await {
            Ok(begun) => begun,
            Err(_) => Err(ModelError::TimedOut { after }),
        },
        None => begun.await,
    }
}
