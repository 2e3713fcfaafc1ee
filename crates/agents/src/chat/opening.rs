//! Until a model begins to answer: how many are before.

use domovoi_models::{LanguageModel, ModelError, ModelRequest, ModelStream, QueuePosition};
use domovoi_protocol::{Chunk, chunk::DataChunk};
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;
use tokio::sync::watch;

use super::window::ask;

/// The part that says how many requests are before this one: transient, `{"ahead": 2}`.
const QUEUE: &str = "data-queue";

/// A request that has no answer yet.
pub(super) struct Opening<'a> {
    begun: BoxFuture<'a, Result<ModelStream, ModelError>>,
    ahead: watch::Receiver<usize>,
}

/// What comes of a request.
pub(super) enum Opened {
    /// The place in the model's queue is another.
    Queued(Chunk),
    /// The answer, with its first event there.
    Begun(Result<ModelStream, ModelError>),
}

impl<'a> Opening<'a> {
    /// Asks the model.
    pub(super) fn ask(model: &'a dyn LanguageModel, mut request: ModelRequest) -> Self {
        let position = request.metadata.queue.get_or_insert_with(QueuePosition::new);
        let ahead = position.watch();
        Self { begun: ask(model, request).boxed(), ahead }
    }

    /// What comes next; nothing after the answer.
    pub(super) async fn next(&mut self) -> Opened {
        tokio::select! {
            biased;
            begun = &mut self.begun => Opened::Begun(begun),
            Ok(()) = self.ahead.changed() => {
                let ahead = *self.ahead.borrow_and_update();
                Opened::Queued(Chunk::Data(DataChunk {
                    kind: QUEUE.to_owned(),
                    id: None,
                    data: Some(json!({"ahead": ahead})),
                    transient: Some(true),
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domovoi_models::{
        ModelMessage,
        testing::{Gate, Script, ScriptedModel},
    };
    use futures::StreamExt;

    use super::*;

    fn ahead(opened: Opened) -> Option<u64> {
        match opened {
            Opened::Queued(Chunk::Data(part)) => part.data.and_then(|data| data["ahead"].as_u64()),
            _ => None,
        }
    }

    #[tokio::test]
    async fn each_place_in_the_queue_is_told_until_the_answer_begins() {
        let gate = Gate::new();
        let model = Arc::new(ScriptedModel::new([Script::new().gate(&gate).text("Hi").stop()]));
        let mut opening = Opening::ask(&*model, ModelRequest::from("Hello"));
        let queue = tokio::spawn({
            let (gate, model) = (gate.clone(), Arc::clone(&model));
            async move {
                gate.reached(1).await;
                let request = model.requests().remove(0);
                assert!(matches!(request.messages[0], ModelMessage::User { .. }));
                request.metadata.queue.unwrap()
            }
        });
        // The request is there once it is waited for.
        let position = tokio::select! {
            _ = opening.next() => panic!("nothing is known yet"),
            position = queue => position.unwrap(),
        };
        for place in [2, 1, 0] {
            position.set(place);
            assert_eq!(ahead(opening.next().await), Some(place as u64));
        }
        gate.open();
        let Opened::Begun(Ok(events)) = opening.next().await else { panic!("it has begun") };
        assert_eq!(events.count().await, 2);
    }
}
