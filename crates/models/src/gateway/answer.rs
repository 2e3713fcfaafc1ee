//! One request: from the cache, or from the first model that begins to answer.

use std::time::Duration;

use futures::{StreamExt, stream};

use super::cache::{self, CacheWriter};
use super::record::Record;
use super::{Gateway, Route, attempt};
use crate::{ModelError, ModelRequest, ModelStream};

/// Answers a request.
pub(super) async fn answer(
    gateway: &Gateway,
    name: &str,
    route: &Route,
    request: ModelRequest,
) -> Result<ModelStream, ModelError> {
    let ttl = request.metadata.cache_ttl.unwrap_or(route.cache_ttl);
    let mut record: Option<Record> = None;
    let mut failure = ModelError::Unavailable(nothing_configured(name));
    for (position, target) in route.targets.iter().enumerate() {
        let key = (ttl > Duration::ZERO).then(|| cache::key(&target.name, &request));
        if let Some(key) = key.as_deref().filter(|_| !request.metadata.skip_cache)
            && let Some(events) = cache::find(gateway, key)
        {
            let record = match record {
                Some(record) => record,
                None => Record::begin_unlimited(gateway, name, &request)?,
            };
            record.cached(target);
            return Ok(stream::iter(events.into_iter().map(Ok)).boxed());
        }
        let mut running = match record.take() {
            Some(record) => record,
            None => Record::begin(gateway, name, &request)?,
        };
        let is_last = position + 1 == route.targets.len();
        match attempt::begin(target, &request, route, is_last, &mut running).await {
            Ok(begun) => {
                let writer = key.map(|key| CacheWriter::new(gateway.clone(), key, ttl));
                return Ok(running.follow(begun, writer));
            }
            Err(error) => {
                let kind = error.kind();
                tracing::warn!(route = name, model = target.name, kind, "a model did not answer");
                failure = error;
                record = Some(running);
            }
        }
    }
    if let Some(record) = record {
        record.failed(&failure);
    }
    Err(failure)
}

pub(super) fn nothing_configured(route: &str) -> String {
    format!("The route `{route}` names no model. Add one under [models] in the configuration.")
}
