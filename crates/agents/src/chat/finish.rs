//! The end of an answer: why it ended, which model wrote it, and what that took.

use domovoi_models::{FinishReason, Receipt, Usage};
use domovoi_protocol::Chunk;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// How an answer ends. What it took becomes metadata of the message, so that it is kept with it.
pub(super) struct Finish {
    pub(super) reason: Option<FinishReason>,
    /// The model wanted to go on, and may not.
    pub(super) at_limit: bool,
    usage: Option<Usage>,
    receipt: Receipt,
    began: Instant,
    /// What the part of the answer that was there before took.
    cost_before: f64,
    ms_before: u64,
}

impl Finish {
    /// An answer that begins now, or goes on with one of which this is the metadata.
    pub(super) fn new(receipt: Receipt, continued: Option<Value>) -> Self {
        let before = continued.unwrap_or_default();
        let tokens = |name: &str| before["usage"][name].as_u64();
        let usage = tokens("inputTokens").map(|input_tokens| Usage {
            input_tokens,
            output_tokens: tokens("outputTokens").unwrap_or_default(),
        });
        Self {
            reason: None,
            at_limit: false,
            usage,
            receipt,
            began: Instant::now(),
            cost_before: before["cost"].as_f64().unwrap_or_default(),
            ms_before: before["durationMs"].as_u64().unwrap_or_default(),
        }
    }

    /// Notes the end of a reply of the model.
    pub(super) fn add(&mut self, reason: FinishReason, usage: Option<Usage>) {
        self.reason = Some(reason);
        self.count(usage);
    }

    /// Adds tokens.
    pub(super) fn count(&mut self, usage: Option<Usage>) {
        if let Some(Usage { input_tokens, output_tokens }) = usage {
            let sum = self.usage.get_or_insert_default();
            sum.input_tokens += input_tokens;
            sum.output_tokens += output_tokens;
        }
    }

    /// The last chunk.
    pub(super) fn chunk(self) -> Chunk {
        let reason = serde_json::to_value(self.reason.unwrap_or(FinishReason::Other)).ok();
        let mut metadata = Map::new();
        let mut set = |name: &str, value: Value| metadata.insert(name.to_owned(), value);
        if let Some(Usage { input_tokens, output_tokens }) = self.usage {
            set("usage", json!({"inputTokens": input_tokens, "outputTokens": output_tokens}));
        }
        // A route may have fallen back to another model than the one it began with.
        if let Some(model) = self.receipt.model() {
            set("model", model.into());
        }
        let cost = self.cost_before + self.receipt.cost();
        if cost > 0.0 {
            set("cost", cost.into());
        }
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        set("durationMs", self.ms_before.saturating_add(ms).into());
        if self.at_limit {
            set("stoppedAt", "max-steps".into());
        }
        Chunk::Finish {
            finish_reason: reason.and_then(|reason| reason.as_str().map(str::to_owned)),
            message_metadata: Some(Value::Object(metadata)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn metadata(finish: Finish) -> Value {
        match finish.chunk() {
            Chunk::Finish { message_metadata, .. } => message_metadata.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_answer_took_is_metadata_and_adds_up_where_it_goes_on() {
        let usage = Some(Usage { input_tokens: 10, output_tokens: 4 });
        let receipt = Receipt::new();
        let mut finish = Finish::new(receipt.clone(), None);
        receipt.add("small", 0.5);
        tokio::time::advance(Duration::from_millis(1200)).await;
        finish.add(FinishReason::Stop, usage);
        let first = metadata(finish);
        assert_eq!(
            first,
            json!({
                "model": "small", "cost": 0.5, "durationMs": 1200,
                "usage": {"inputTokens": 10, "outputTokens": 4},
            })
        );
        let mut finish = Finish::new(Receipt::new(), Some(first));
        finish.add(FinishReason::Stop, usage);
        assert_eq!(
            metadata(finish),
            json!({
                "cost": 0.5, "durationMs": 1200,
                "usage": {"inputTokens": 20, "outputTokens": 8},
            })
        );
    }
}
