//! Answers that are given again to the same question.

use std::fmt::Write;
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::Gateway;
use crate::{FinishReason, ModelEvent, ModelRequest};

/// The name a question has in the cache: a hash of the model, of everything in the request that an
/// answer depends on, and of whose request it is. An answer may repeat what tools know of a person, and
/// how quickly it comes says that somebody has asked the same.
pub(super) fn key(model: &str, request: &ModelRequest) -> String {
    let ModelRequest {
        messages,
        tools,
        max_tokens,
        temperature,
        tool_choice,
        response_format,
        metadata,
    } = request;
    let question = json!([
        model,
        metadata.user,
        messages,
        tools,
        max_tokens,
        temperature,
        tool_choice,
        response_format
    ]);
    let digest = Sha256::digest(question.to_string());
    digest.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The answer to a question, where there is one. A cache that cannot be read has none.
pub(super) fn find(gateway: &Gateway, key: &str) -> Option<Vec<ModelEvent>> {
    match gateway.inner.store.cached(key, gateway.now()) {
        Ok(answer) => serde_json::from_str(&answer?).ok(),
        Err(error) => {
            tracing::warn!(%error, "the cache of answers cannot be read");
            None
        }
    }
}

/// Keeps an answer once it is complete.
pub(super) struct CacheWriter {
    gateway: Gateway,
    key: String,
    ttl: Duration,
    events: Vec<ModelEvent>,
}

impl CacheWriter {
    pub(super) fn new(gateway: Gateway, key: String, ttl: Duration) -> Self {
        Self { gateway, key, ttl, events: Vec::new() }
    }

    /// Takes the next event; at a good end all of them are kept.
    pub(super) fn push(&mut self, event: &ModelEvent) {
        match (self.events.last_mut(), event) {
            // One piece of text instead of hundreds.
            (Some(ModelEvent::Text(text)), ModelEvent::Text(more))
            | (Some(ModelEvent::Reasoning(text)), ModelEvent::Reasoning(more)) => {
                text.push_str(more);
            }
            _ => self.events.push(event.clone()),
        }
        let is_good = matches!(
            event,
            ModelEvent::Finish { reason: FinishReason::Stop | FinishReason::ToolCalls, .. }
        );
        if !is_good {
            return;
        }
        let ttl = i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX);
        let until = self.gateway.now().saturating_add(ttl);
        let kept = serde_json::to_string(&self.events)
            .map_err(Into::into)
            .and_then(|answer| self.gateway.inner.store.put_cached(&self.key, &answer, until));
        if let Err(error) = kept {
            tracing::warn!(%error, "an answer cannot be kept");
        }
    }
}
