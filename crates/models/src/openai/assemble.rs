//! Chunks into events: what came is passed on at once, complete calls of tools come at the end.

use std::collections::BTreeSet;

use serde_json::Value;

use super::chunk::{Chunk, ChunkUsage, Content, Page};
use super::failure;
use super::tool_calls::ToolCalls;
use crate::{FinishReason, ModelError, ModelEvent, Usage};

/// What is known of a reply so far.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    calls: ToolCalls,
    reason: Option<FinishReason>,
    usage: Option<Usage>,
    /// Addresses of pages that were told.
    sources: BTreeSet<String>,
    /// Whether anything came that is part of an answer.
    begun: bool,
}

impl Assembler {
    /// Takes a chunk; answers the events it completes.
    ///
    /// # Errors
    /// Where the chunk is an error object.
    pub(super) fn push(&mut self, mut chunk: Chunk) -> Result<Vec<ModelEvent>, ModelError> {
        if let Some(error) = chunk.error() {
            return Err(failure::in_stream(&error));
        }
        if let Some(ChunkUsage { prompt_tokens, completion_tokens }) = chunk.usage.take() {
            self.usage = Some(Usage {
                input_tokens: prompt_tokens.unwrap_or_default(),
                output_tokens: completion_tokens.unwrap_or_default(),
            });
        }
        let mut events = self.told(chunk.sources());
        let Some(choice) = chunk.choice() else {
            return Ok(events);
        };
        self.begun = true;
        let (delta, reason) = choice.into_parts();
        if let Some(delta) = delta {
            let (text, thought) = delta.content.map(Content::into_text).unwrap_or_default();
            let reasoning = [delta.reasoning_content, delta.reasoning, Some(thought)];
            // Some endpoints send the same text under both names.
            let reasoning = reasoning.into_iter().flatten().find(|text| !text.is_empty());
            events.extend(reasoning.map(ModelEvent::Reasoning));
            let text = [Some(text), delta.refusal].into_iter().flatten();
            events.extend(text.filter(|text| !text.is_empty()).map(ModelEvent::Text));
            let cited = delta.annotations.into_iter().flatten();
            events.extend(self.told(cited.filter_map(|it| it.url_citation)));
            let calls = delta.tool_calls.into_iter().flatten();
            events.extend(calls.flat_map(|call| self.calls.push(call)));
        }
        // Some say it twice, and the second time less exactly.
        if let Some(reason) = reason
            && self.reason.is_none_or(|known| known == FinishReason::Other)
        {
            self.reason = Some(match reason.as_str() {
                "stop" => FinishReason::Stop,
                "length" => FinishReason::Length,
                "tool_calls" | "function_call" => FinishReason::ToolCalls,
                "content_filter" => FinishReason::ContentFilter,
                _ => FinishReason::Other,
            });
        }
        Ok(events)
    }

    /// Pages that were not told yet; some endpoints repeat them with every chunk.
    fn told(&mut self, pages: impl IntoIterator<Item = Page>) -> Vec<ModelEvent> {
        let new = pages.into_iter().filter_map(|Page { url, title }| {
            let url = url.filter(|url| !url.is_empty() && !self.sources.contains(url))?;
            self.sources.insert(url.clone());
            Some(ModelEvent::Source { url, title: title.filter(|title| !title.is_empty()) })
        });
        new.collect()
    }

    /// The last events, once the stream is over or broke with `error`. A stream that broke after
    /// the model was done is whole; one that just ends before is not.
    pub(super) fn end(self, error: Option<ModelError>) -> Vec<Result<ModelEvent, ModelError>> {
        let Some(reason) = self.reason else {
            let silence =
                if self.begun { ModelError::Interrupted(None) } else { failure::nothing() };
            return vec![Err(error.unwrap_or(silence))];
        };
        let reason = match reason {
            // Several endpoints end with "stop" although tools are called.
            FinishReason::Stop | FinishReason::Other if !self.calls.is_empty() => {
                FinishReason::ToolCalls
            }
            reason => reason,
        };
        let calls = self.calls.into_calls().map(|call| Ok(ModelEvent::ToolCall(call)));
        calls.chain([Ok(ModelEvent::Finish { reason, usage: self.usage })]).collect()
    }
}

/// A number that may be written as text.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
